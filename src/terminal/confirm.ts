import { createInterface } from 'node:readline/promises'
import { exit, Failure } from '../report/failure.ts'
import type { Output } from './progress/view.ts'

/** Where a question is asked and its answer read. */
export interface Desk {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean | undefined }
  readonly output: Output
  readonly signal?: AbortSignal | undefined
}

/**
 * Asks one question. With `phrase` only that very phrase is a yes; without, `y` or `yes`. The end of the input is a no.
 * @throws {Failure} (usage) where nobody can answer: no terminal. It never hangs on a question.
 */
export async function ask(question: string, desk: Desk, phrase?: string): Promise<boolean> {
  if (!desk.input.isTTY || !desk.output.isTTY) {
    throw new Failure(`This needs an answer, and there is no terminal to ask on: ${question}`, {
      likely: 'The script runs in CI, in a pipe or in the background.',
      next: 'run it again with --yes if that is what you want',
      code: exit.usage,
    })
  }
  desk.output.write(phrase === undefined ? `${question} [y/N] ` : `${question}\nType ${phrase} to go on: `)
  // `terminal: false` leaves the line's editing to the terminal itself, so that Ctrl-C stays a signal and reaches the
  // one handler of the run.
  const lines = createInterface({ input: desk.input, terminal: false })
  try {
    const answer = await firstLine(lines, desk)
    return phrase === undefined ? /^y(es)?$/i.test(answer) : answer === phrase
  } finally {
    lines.close()
  }
}

function firstLine(lines: ReturnType<typeof createInterface>, { output, signal }: Desk): Promise<string> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      output.write('\n')
      reject(signal?.reason)
    }
    if (signal?.aborted) return abort()
    signal?.addEventListener('abort', abort, { once: true })
    const answer = (text: string) => {
      signal?.removeEventListener('abort', abort)
      resolve(text.trim())
    }
    lines.once('line', answer)
    lines.once('close', () => answer(''))
  })
}
