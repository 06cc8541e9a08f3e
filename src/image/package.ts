/**
 * The folder of the package that a file belongs to: `…/node_modules/name` or `…/node_modules/@scope/name`.
 *
 * @param file absolute path
 * @returns undefined for a file in no `node_modules`
 */
export function packageRoot(file: string): string | undefined {
  return /^.*\/node_modules\/(?:@[^/]+\/)?[^/@][^/]*(?=\/|$)/.exec(file)?.[0]
}

/** The name of the package in this folder. */
export function packageName(root: string): string {
  return root.slice(root.lastIndexOf('/node_modules/') + '/node_modules/'.length)
}
