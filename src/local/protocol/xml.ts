import type { ApiError } from '../cloud.ts'
import { member, type ServiceModel } from './model.ts'

/** Which of the two XML dialects a service speaks: EC2's own, or that of IAM, STS and the rest. */
export type Dialect = 'ec2' | 'query'

/**
 * The answer document of an action. Members that are undefined are left out; names that the model does not have are a
 * bug of ours and throw.
 */
export function renderAnswer(
  service: ServiceModel,
  { action, dialect, requestId, output }: { action: string; dialect: Dialect; requestId: string; output: unknown },
): string {
  const shape = service.operations[action]?.output ?? 'unit'
  const open = `<?xml version="1.0" encoding="UTF-8"?>\n<${action}Response xmlns="${service.namespace}">`
  if (dialect === 'ec2') {
    const body = shape === 'unit' ? '<return>true</return>' : structure(service, shape, output ?? {})
    return `${open}<requestId>${requestId}</requestId>${body}</${action}Response>\n`
  }
  const result = shape === 'unit' ? '' : `<${action}Result>${structure(service, shape, output ?? {})}</${action}Result>`
  return `${open}${result}<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${action}Response>\n`
}

/** The error document of either dialect. */
export function renderError(dialect: Dialect, { code, message, status }: ApiError, requestId: string): string {
  const inner = `<Code>${escapeText(code)}</Code><Message>${escapeText(message)}</Message>`
  if (dialect === 'ec2') {
    return `<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error>${inner}</Error></Errors><RequestID>${requestId}</RequestID></Response>\n`
  }
  const type = status < 500 ? 'Sender' : 'Receiver'
  return `<?xml version="1.0" encoding="UTF-8"?>\n<ErrorResponse><Error><Type>${type}</Type>${inner}</Error><RequestId>${requestId}</RequestId></ErrorResponse>\n`
}

function structure(service: ServiceModel, shape: string, value: object): string {
  const members = service.shapes[shape]?.members ?? {}
  let text = ''
  for (const [name, inner] of Object.entries(value)) {
    if (inner === undefined) continue
    const found = members[name]
    if (!found) throw new Error(`${shape} has no member ${name}`)
    const { xml, shape: below } = member(found)
    text += `<${xml}>${render(service, below, inner)}</${xml}>`
  }
  return text
}

function render(service: ServiceModel, shape: string, value: unknown): string {
  const { members, item } = service.shapes[shape] ?? {}
  if (members) return structure(service, shape, value as object)
  if (item) {
    const { xml, shape: below } = member(item)
    return (value as unknown[]).map((each) => `<${xml}>${render(service, below, each)}</${xml}>`).join('')
  }
  if (value instanceof Date) return value.toISOString()
  return escapeText(String(value))
}

function escapeText(text: string): string {
  const names: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  // A character that XML 1.0 cannot hold would make the whole document unreadable.
  return text.replace(/[&<>"]/g, (each) => names[each] ?? '').replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
}
