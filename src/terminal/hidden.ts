import { text } from 'node:stream/consumers'
import type { Output } from './progress/view.ts'

/** Where a secret is read from: a pipe, or a terminal that can be told not to show what is typed. */
export type HiddenInput = NodeJS.ReadableStream & {
  readonly isTTY?: boolean | undefined
  setRawMode?(on: boolean): unknown
}

/**
 * Reads what nobody may see. From a pipe or a file: all of it, without the line break at its end. From a terminal: one
 * line, after the question, without showing it.
 * @throws the signal's reason when the user ends it
 */
export async function readHidden(question: string, input: HiddenInput, output: Output, signal?: AbortSignal): Promise<string> {
  if (!input.isTTY || !input.setRawMode) return (await text(input)).replace(/\r?\n$/, '')
  output.write(`${question}: `)
  input.setRawMode(true)
  try {
    return await typedLine(input, signal)
  } finally {
    input.setRawMode(false)
    input.pause()
    output.write('\n')
  }
}

function typedLine(input: HiddenInput, signal: AbortSignal | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed = ''
    const end = (settle: () => void) => {
      input.off('data', take)
      signal?.removeEventListener('abort', abort)
      settle()
    }
    const abort = () => end(() => reject(signal?.reason))
    const take = (chunk: Buffer | string) => {
      for (const character of chunk.toString()) {
        if (character === '\r' || character === '\n' || character === '\u0004') return end(() => resolve(typed))
        // A raw terminal does not turn Ctrl-C into a signal; the one handler of the run must hear of it.
        if (character === '\u0003') process.kill(process.pid, 'SIGINT')
        else if (character === '\u007f' || character === '\b') typed = typed.slice(0, -1)
        else typed += character
      }
    }
    signal?.addEventListener('abort', abort, { once: true })
    input.on('data', take)
    input.resume()
  })
}
