import { Failure } from '../../../src/report/failure.ts'
import { type Door, inferenceDoors, ingestionDoors, type ModelFacts, unknownDoor } from './doors.ts'

/** A service that is attacked, as far as it tells about itself. */
export interface Target {
  /** `http://address:port`, the address as it was looked up. */
  readonly url: string
  readonly host: string
  readonly port: number
  /** As its `/health` says. */
  readonly name: string
  /** At least one. */
  readonly doors: readonly Door[]
  /** A path whose answer is long; undefined where none is known. */
  readonly longAnswer: string | undefined
  /** Whether deep nesting must be refused: our own services do; of others it is not known. */
  readonly boundsDepth: boolean
  /** What its metrics are read with, where they are guarded: the attacks are those of strangers. */
  readonly bearer?: Readonly<Record<string, string>>
}

/**
 * Asks a service what it is.
 *
 * @param url `http://address:port`
 * @param paths where bodies are sent to a service that is not known
 * @param token what it demands, where it demands one
 * @throws Failure (usage) when nothing answers there, or nothing is known of it and no path was given
 */
export async function openTarget(url: string, paths: readonly string[], token?: string): Promise<Target> {
  const { hostname, port } = new URL(url)
  const bearer: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const at = { url, host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80), bearer }
  const health = await ask(`${url}/health`)
  const name = typeof health.service === 'string' ? health.service : 'unknown'
  if (paths.length > 0) return { ...at, name, doors: paths.map(unknownDoor), longAnswer: undefined, boundsDepth: false }
  if (name === 'data-ingestion') return { ...at, name, doors: ingestionDoors, longAnswer: '/data?limit=1000', boundsDepth: true }
  if (name === 'ml-inference') {
    const model = await ask(`${url}/v2/models/${await modelName(url, bearer)}`, bearer)
    return { ...at, name, doors: inferenceDoors(model as unknown as ModelFacts), longAnswer: undefined, boundsDepth: true }
  }
  throw new Failure(`The service at ${url} calls itself ${name}, and nothing is known of what it takes.`, {
    code: 2,
    next: `npx node test/crash/attack.ts --url ${url} --path /ROUTE`,
  })
}

/** The protocol has no list of models, but the service says which one it has to whoever asks for another. */
async function modelName(url: string, bearer: Readonly<Record<string, string>>): Promise<string> {
  const { error } = await ask(`${url}/v2/models/-`, bearer)
  return /there is (\S+)$/.exec(String(error))?.[1] ?? 'unknown'
}

async function ask(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Record<string, unknown>> {
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(10_000) })
    return (await response.json()) as Record<string, unknown>
  } catch (error) {
    throw new Failure(`Nothing that can be attacked answers at ${url}.`, {
      code: 2,
      likely: `Each --url is the address of a service that answers /health in JSON; this one said: ${(error as Error).message}.`,
      next: 'npx zx scripts/status.mjs',
      cause: error,
    })
  }
}
