import { type RequestOptions, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { sign } from '../api/signature.ts'
import { readCredentials } from '../files/keys.ts'
import { readCloudState } from '../process/cloud-state.ts'

/** For how long a cloud may be silent, in ms, before it counts as one that does not answer. */
const patienceMs = 5000

/**
 * Asks the cloud in this folder something that AWS has no call for (`admin.ts`), signed as its owner.
 * @param patience in ms
 * @returns undefined when no cloud answers there
 * @throws Error when it refuses
 */
export async function askCloud<T>(folder: string, name: string, input: object = {}, patience = patienceMs): Promise<T | undefined> {
  const [state, credentials] = [readCloudState(folder), readCredentials(folder)]
  if (!state || !credentials) return undefined
  const [url, host, body] = [`/_cloud/${name}`, `127.0.0.1:${state.port}`, JSON.stringify(input)]
  const headers = sign({ method: 'POST', url, host, body }, { credentials, region: state.region, service: 'cloud' })
  const answer = await post({ port: state.port, path: url, headers, timeout: patience }, body)
  const said = answer && parse(answer.text)
  // Another program has the port, or a cloud of another folder, which does not know our credentials.
  if (!answer || !said || said.__type === 'InvalidClientTokenId') return undefined
  if (answer.status === 200) return said as T
  if (said.__type === undefined) return undefined
  throw new Error(`the embedded cloud answered ${answer.status} to ${name}: ${answer.text}`)
}

function parse(text: string): { __type?: string } | undefined {
  try {
    return Object(JSON.parse(text))
  } catch {
    return undefined
  }
}

function post(options: RequestOptions, body: string): Promise<{ status: number; text: string } | undefined> {
  return new Promise((resolve) => {
    const call = request({ host: '127.0.0.1', method: 'POST', agent: false, ...options }, (response) => {
      const { statusCode: status = 0 } = response
      resolve(
        text(response).then(
          (said) => ({ status, text: said }),
          () => undefined,
        ),
      )
    })
    call.on('timeout', () => call.destroy())
    // Refused, reset, timed out: nobody is there, which is an answer.
    call.on('error', () => resolve(undefined))
    call.on('close', () => resolve(undefined))
    call.end(body)
  })
}
