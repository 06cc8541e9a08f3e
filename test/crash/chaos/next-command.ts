/**
 * One of ours, with its flags; or one of AWS's own command line, to the end of its line, with the variables before it.
 */
const ours = /npx zx scripts\/[\w-]+\.mjs(?: --[\w-]+(?:[ =][\w.:/-]+)?)*/
const ofAws = /(?:[A-Z_]+=(?:'[^']*'|\S+) )*aws (?:--[\w-]+ \S+ )*[a-z0-9]+ [a-z]+-[a-z-]+[^\n]*/

/**
 * The command that a message names, to be run as it is: `npx zx scripts/deploy.mjs --stage prod`, `aws ec2
 * start-instances …`.
 * @returns undefined when it names none
 */
export function commandIn(text: string): string | undefined {
  return new RegExp(`${ours.source}|${ofAws.source}`).exec(text)?.[0]
}
