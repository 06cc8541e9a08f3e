/**
 * How AWS's own command line reaches the same AWS as the clients do: variables before it and options after it, where it
 * would not by itself.
 */
export interface CommandLine {
  readonly environment: Readonly<Record<string, string>>
  readonly options: readonly string[]
}

/**
 * A command of AWS's CLI that a person can paste: it names the region, and where AWS is somewhere else, how to get
 * there. No credentials stand in it.
 * @param words `ec2 describe-instances --instance-ids i-1`
 */
export function awsCommand({ region, commandLine }: { region: string; commandLine?: CommandLine }, words: string): string {
  const variables = Object.entries(commandLine?.environment ?? {}).map(([name, value]) => `${name}=${word(value)}`)
  return [...variables, 'aws', ...(commandLine?.options ?? []).map(word), '--region', region, words].join(' ')
}

/** A word as a shell takes it: a project may lie in a folder whose name has spaces. */
function word(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
