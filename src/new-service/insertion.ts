/** Where to write, as `objectAt` of the config finds it. */
export interface Span {
  readonly start: number
  readonly end: number
  readonly members: readonly { readonly start: number; readonly end: number }[]
}

/**
 * Writes a member into an object literal, after the others and in the style of the file: its line breaks, its
 * indentation, its comma at the end. Nothing else changes, no comment moves. Pure.
 *
 * @param text the whole file
 * @param span the object literal
 * @param member `'name': { … }`, on one line and without a comma
 */
export function insertMember(text: string, span: Span, member: string): string {
  const last = span.members.at(-1)
  if (!last) return insertFirst(text, span, member)
  const after = text.slice(last.end, span.end - 1)
  const comma = /^(?:\s|\/\/[^\n]*\n|\/\*[\s\S]*?\*\/)*,/.exec(after)?.[0]
  const end = last.end + (comma?.length ?? 0)
  const multiline = text.slice(span.start, last.start).includes('\n')
  if (!multiline) return `${text.slice(0, last.end)}, ${member}${text.slice(last.end)}`
  // A comment on the last member's line belongs to it.
  const comment = /^[^\S\r\n]*(?:\/\/[^\r\n]*|\/\*[^\r\n]*?\*\/)?[^\S\r\n]*(?=\r?\n)/.exec(text.slice(end))?.[0] ?? ''
  const newline = text.includes('\r\n') ? '\r\n' : '\n'
  const before =
    comma === undefined ? `${text.slice(0, last.end)},${text.slice(last.end, end + comment.length)}` : text.slice(0, end + comment.length)
  return `${before}${newline}${indentation(text, last.start)}${member}${comma === undefined ? '' : ','}${text.slice(end + comment.length)}`
}

function insertFirst(text: string, span: Span, member: string): string {
  const inner = text.slice(span.start + 1, span.end - 1)
  if (inner.trim() === '') return `${text.slice(0, span.start + 1)} ${member} ${text.slice(span.end - 1)}`
  // Nothing but comments: they stay, and the member follows them.
  const indent = indentation(text, span.start)
  return `${text.slice(0, span.end - 1).trimEnd()}\n${indent}  ${member},\n${indent}${text.slice(span.end - 1)}`
}

/** The white space at the beginning of the line that holds this place. */
function indentation(text: string, at: number): string {
  const line = text.lastIndexOf('\n', at - 1) + 1
  return /^[^\S\n]*/.exec(text.slice(line, at))?.[0] ?? ''
}
