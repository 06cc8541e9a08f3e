#!/usr/bin/env zx
import { runbook } from '../src/terminal/runbook.mjs'

await runbook(
  {
    name: 'new-service',
    summary: 'Makes a service on the kit, with a test, and puts it into the config.',
    arguments: 'NAME',
    flags: { port: { type: 'string', value: 'PORT', about: 'where it listens; else the next free one' } },
    common: ['json', 'quiet'],
    examples: ['churn', 'churn --port 8010'],
  },
  async ({ flags, terminal, positionals: [name] }) => {
    const { loadConfig } = await import('../src/load-config.ts')
    const { makeService, readPort } = await import('../src/new-service/new-service.ts')

    const { files, port } = await makeService(await loadConfig(), name, readPort(flags.port))
    terminal.print(files.join('\n'))
    terminal.note(`To try it:     PORT=${port} npx node services/${name}/server.ts`)
    terminal.note(`To test it:    npm test ${name}`)
    terminal.note(`To deploy it:  npx zx scripts/deploy.mjs   (expose: 'public' in the config lets others reach it)`)
    return { json: { ok: true, service: name, port, files } }
  },
)
