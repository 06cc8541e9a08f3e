#!/usr/bin/env zx
import { runbook } from '../src/terminal/runbook.mjs'

await runbook(
  {
    name: 'secret',
    summary:
      'Keeps the secrets of a stage, encrypted. Values come from standard input or a prompt, never from the command line, and are shown on a terminal only.',
    arguments: 'VERB [NAME]',
    discreet: true,
    common: ['stage', 'json', 'quiet', 'verbose'],
    examples: ['set API_KEY', 'set API_KEY < key.txt', 'list', 'show service-token', 'remove API_KEY', 'load < secrets.env'],
  },
  async ({ flags, positionals: words, terminal }) => {
    const { listSecrets, parseSecrets, readSecret, readVerb, removeSecret, setSecret } = await import('../src/release/launch/secrets.ts')
    const { openStage } = await import('../src/release/stage/stage.ts')

    const { verb, name } = readVerb(words, terminal.seen)
    const { config, clients } = await openStage(flags, { warn: terminal.warn })
    const done = []
    if (verb === 'list') {
      const secrets = await listSecrets(clients, config)
      terminal.table(secrets, ['name', 'version', 'changed'])
      return { json: { ok: true, stage: config.stage, secrets } }
    }
    if (verb === 'show') {
      terminal.print(await readSecret(clients, config, name))
      return undefined
    }
    if (verb === 'set') {
      await setSecret(clients, config, name, await terminal.hidden(`Value of ${name}`))
      done.push(name)
    }
    if (verb === 'load')
      for (const [name, value] of parseSecrets(await terminal.hidden('NAME=value'))) {
        await setSecret(clients, config, name, value)
        done.push(name)
      }
    if (verb === 'remove') {
      await removeSecret(clients, config, name)
      done.push(name)
    }
    terminal.print(`${verb}: ${done.join(', ') || 'nothing'}. The services get it with the next deploy.`)
    return { json: { ok: true, stage: config.stage, verb, names: done } }
  },
)
