/**
 * The attack lane: generated hostile requests against running services, each with what it costs in processor time and
 * memory for each byte sent. A black box: all that it knows of a service comes over the network.
 *
 * npm run test:crash -- attack                                  both services, started for it as their containers run
 * them
 *   npx node test/crash/attack.ts --url http://127.0.0.1:8001     a running service of your own; --help tells the rest
 */

import { readSetting } from '../../services/kit/setting.ts'
import { renderReport, reportOf } from '../../src/terminal/report.ts'
import { glyphsFor } from '../../src/terminal/text/glyphs.ts'
import { createStyle } from '../../src/terminal/text/style.ts'
import { resolveUrl } from './attack/address.ts'
import { assault, type ServiceResult } from './attack/assault.ts'
import { bounds } from './attack/bounds.ts'
import { help, type Options, readOptions } from './attack/options.ts'
import { countOf, renderAttack } from './attack/report.ts'
import { startServices } from './attack/services.ts'
import { openTarget } from './attack/target.ts'

async function attack(options: Options): Promise<boolean> {
  const { urls, paths, trusted, json, seed, minutes, memoryMiB } = options
  // As a service itself reads it: never from the command line.
  const token = readSetting(process.env, 'SERVICE_TOKEN')
  const services = urls.length === 0 ? await startServices() : undefined
  try {
    // All of them are looked at before anything is sent to one.
    const addresses = services?.urls ?? (await Promise.all(urls.map((url) => resolveUrl(url, trusted))))
    const targets = await Promise.all(addresses.map((url) => openTarget(url, paths, token)))
    const results: ServiceResult[] = []
    const emit = (line: string) => console.error(`  ${line}`)
    for (const target of targets)
      results.push(
        await assault(target, {
          ...options,
          cpuMsPerKB: bounds.cpuMsPerKB,
          probes: true,
          withinMs: (minutes * 60_000) / targets.length,
          emit,
        }),
      )
    const count = countOf(results)
    console.log(json ? JSON.stringify({ seed, memoryMiB, services: results, ...count }) : renderAttack(results, options))
    return count.failed === 0
  } finally {
    await services?.stop()
  }
}

try {
  const options = readOptions(process.argv.slice(2))
  if (options.help) console.log(help.trim())
  else if (!(await attack(options))) process.exitCode = 1
} catch (error) {
  const report = reportOf(error)
  console.error(renderReport(report, createStyle(false), glyphsFor(process.env)))
  process.exitCode = report.code
}
