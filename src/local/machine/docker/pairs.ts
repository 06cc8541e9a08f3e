/** `KEY=value` … → an object. */
export function pairs(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(texts.map((text) => text.split(/=(.*)/s)).map(([name = '', value = '']) => [name, value]))
}
