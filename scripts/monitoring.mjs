#!/usr/bin/env zx
import { runbook } from '../src/terminal/runbook.mjs'

await runbook(
  {
    name: 'monitoring',
    summary: 'Writes everything that monitoring generates into a folder, for people who run their own Prometheus, Alertmanager or Grafana.',
    flags: {
      out: { type: 'string', value: 'DIR', about: 'the folder to write to, made when it is not there' },
      address: { type: 'string', value: 'HOST', about: 'where the services are reached; 127.0.0.1 when it is not given' },
    },
    common: ['stage', 'json', 'quiet', 'verbose'],
    examples: ['--out /etc/mlops --stage prod --address 10.0.0.7'],
  },
  async ({ flags, terminal }) => {
    const { exit, Failure } = await import('../src/report/failure.ts')
    const { loadConfig } = await import('../src/load-config.ts')
    const { monitoringFiles, writeFiles } = await import('../monitoring/index.ts')

    if (!flags.out) throw new Failure('--out is missing: the folder to write to.', { code: exit.usage })
    const config = await loadConfig({ stage: flags.stage })
    const files = writeFiles(flags.out, monitoringFiles(config, flags.address ?? '127.0.0.1'))
    terminal.print(files.join('\n'))
    return { json: { ok: true, folder: flags.out, files } }
  },
)
