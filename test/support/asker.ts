import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'

/** What came back; `error` where the connection broke or was refused. */
export interface Said {
  readonly status?: number
  readonly text?: string
  readonly error?: string
}

export interface Question {
  readonly url: string
  readonly method?: string
  /** As they go over the wire: names and values in turn, so that a name may stand there twice. */
  readonly headers?: Record<string, string> | string[]
}

/** Another process that asks by HTTP: what a server makes of it depends on who it is. */
export interface Asker {
  ask(question: Question): Promise<Said>
  end(): void
}

/** Reads nothing of this project, which another user may not be able to read. */
const program = `
const { request } = require('node:http')
process.on('message', ({ number, url, method = 'GET', headers = {} }) => {
  const call = request(url, { method, headers, agent: false, setHost: !Array.isArray(headers), timeout: 20000 }, (answer) => {
    let text = ''
    answer.on('data', (chunk) => { text += chunk })
    answer.on('end', () => process.send({ number, status: answer.statusCode, text }))
  })
  call.on('timeout', () => call.destroy(new Error('nothing came back')))
  call.on('error', (error) => process.send({ number, error: error.code ?? error.message }))
  call.end()
})
process.on('disconnect', () => process.exit(0))
process.send('ready')
`

/**
 * @param env its whole environment
 * @param uid another user's number, for which this process must be root
 * @throws Error when that user may not run the Node of this project
 */
export async function startAsker(env: Record<string, string>, uid?: number): Promise<Asker> {
  const who = uid === undefined ? {} : { uid, gid: uid, cwd: '/' }
  const child: ChildProcess = spawn(process.execPath, ['-e', program], { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'], ...who })
  const waiting = new Map<number, (said: Said) => void>()
  const failed = new Promise<never>((_, reject) => child.once('error', reject))
  failed.catch(() => undefined)
  await Promise.race([once(child, 'message'), failed])
  child.on('message', ({ number, ...said }: Said & { number: number }) => waiting.get(number)?.(said))
  let last = 0
  return {
    ask: (question) =>
      new Promise((resolve) => {
        const number = ++last
        waiting.set(number, resolve)
        child.send({ number, ...question })
      }),
    end: () => child.disconnect(),
  }
}

/** A user who is nobody in particular (`nobody` of most systems). */
export const stranger = 65534

/** Why nothing can be tried as that user; undefined when it can. */
export const noStranger = whyNoStranger()

function whyNoStranger(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can become another user'
  const { error } = spawnSync(process.execPath, ['--version'], { uid: stranger, gid: stranger, cwd: '/' })
  return error && `another user may not run ${process.execPath} (${error.message})`
}

if (noStranger !== undefined) console.log(`Not tried as another user of this computer: ${noStranger}.`)
