/**
 * The command that a message names, to be run as it is: `npx zx scripts/deploy.mjs --stage prod`, or one of AWS's own CLI to the end of its line.
 * @returns undefined when it names none
 */
export function commandIn(text: string): string | undefined {
  return /npx zx scripts\/[\w-]+\.mjs(?: --[\w-]+(?:[ =][\w.:/-]+)?)*|(?:[A-Z_]+=\S+ )*aws [a-z0-9-]+ [a-z-]+ [^\n]*/.exec(text)?.[0]
}
