import type { Diagnostics } from '../diagnostics.ts'
import type { Draft } from '../draft.ts'

/**
 * What all of AWS takes as the key of a tag:
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
 */
const shape = /^[\p{L}\p{Z}\p{N}_.:/=+@-]{1,128}$/u

/** A resource has at most 50 tags; the project itself gives it up to five. */
const most = 45

/** Finds tags that AWS would refuse, or by which the project finds its resources. */
export function checkTags({ tags = {} }: Draft, diagnostics: Diagnostics): void {
  const keys = Object.keys(tags)
  if (keys.length > most)
    diagnostics.statement(['tags'], `${keys.length} tags`, `at most ${most}: AWS allows 50, and the project has some of its own`)
  const seen = new Map<string, string>()
  for (const key of keys) {
    // Names of tags on IAM roles do not differ by case alone.
    const other = seen.get(key.toLowerCase())
    seen.set(key.toLowerCase(), key)
    if (/^(aws|mlops):/i.test(key) || key === 'Name')
      diagnostics.value(['tags', key], key, 'another name: "Name" and what begins with "mlops:" is the project\'s, "aws:" AWS\'s')
    else if (!shape.test(key))
      diagnostics.value(['tags', key], key, 'a name of 1 to 128 letters, digits, spaces and the characters _ . : / = + - @')
    else if (other !== undefined)
      diagnostics.value(['tags', key], key, `a name that differs from "${other}" by more than upper and lower case`)
  }
}
