import { gzipSync } from 'node:zlib'

/** Run Command takes 64 KB of a document with its parameters; what goes around the script has the rest of it. */
const largest = 60 * 1024

/**
 * The lines in which a script is sent by Run Command: as it is, so that people can read it in AWS's console, or packed
 * where it is longer than a command may be, as with many services.
 *
 * @throws Error where it is too long even then
 */
export function commandLines(script: string): string[] {
  const lines = script.split('\n')
  if (sizeOf(lines) <= largest) return lines
  const packed = [
    '#!/bin/sh',
    'script=$(mktemp)',
    `base64 -d <<'END' | gzip -d >"$script"`,
    ...(gzipSync(script)
      .toString('base64')
      .match(/.{1,1000}/g) ?? []),
    'END',
    'code=0',
    'sh "$script" || code=$?',
    'rm -f "$script"',
    'exit "$code"',
  ]
  if (sizeOf(packed) > largest) throw new Error(`A script of ${script.length} characters is too long for Run Command, even packed.`)
  return packed
}

/** In bytes, as the lines stand in the call. */
function sizeOf(lines: readonly string[]): number {
  return Buffer.byteLength(JSON.stringify(lines))
}
