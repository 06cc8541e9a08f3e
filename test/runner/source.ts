/** What a test file's text says about how it wants to be run, and the mistakes that only its text shows. */
export interface Source {
  /** How long the file may take, in seconds. */
  readonly limit: number
  readonly problems: readonly string[]
}

/** Seconds a file gets that states no limit of its own. */
export const defaultLimit = 120

/** A limit is stated among the first lines: `// time limit: 300 s`. */
const statedLimit = /^\/\/ time limit: (\d+) s$/m

/**
 * Reads a test file's text. uvu runs only what stands before a suite's `.run()` and says nothing about the rest, so a
 * suite without one, and a test after it, are looked for here.
 *
 * @param text the file's content
 */
export function readSource(text: string): Source {
  const head = text.split('\n', 12).join('\n')
  const limit = Number(statedLimit.exec(head)?.[1] ?? defaultLimit)
  const problems: string[] = []
  for (const suite of suites(text)) {
    const ran = text.lastIndexOf(`\n${suite}.run()`)
    const uses = [...text.matchAll(new RegExp(`^[ \\t]*${suite}(?:\\.(?:only|skip|before|after)(?:\\.each)?)?\\(`, 'gm'))]
    const last = uses.at(-1)
    if (ran < 0 && last) problems.push(`${suite}.run() is missing, so none of its tests ran.`)
    else if (last && last.index > ran) problems.push(`A test stands after the last ${suite}.run(), so it did not run.`)
    if (uses.some(([call]) => call.includes('.only('))) problems.push(`${suite}.only() hides the other tests.`)
  }
  return { limit, problems }
}

/** The names under which a file calls uvu: its `test` import and every `const x = suite(…)`. */
function suites(text: string): string[] {
  const names = [...text.matchAll(/^const (\w+) = suite\b[^\n]*\(/gm)].map((match) => match[1]!)
  if (/^import \{[^}]*\btest\b[^}]*\} from 'uvu'/m.test(text)) names.push('test')
  return names
}
