import path from 'node:path'
import type { Credentials } from '../files/keys.ts'
import { readText, writeText } from '../files/whole.ts'

/** What the profile of the embedded cloud is called; `default` would be mixed with the user's own. */
export const profileName = 'embedded'

/**
 * The file with which AWS's own command line and SDKs reach the embedded cloud of a folder: `AWS_CONFIG_FILE=… aws
 * --profile embedded …`.
 */
export function profileFile(folder: string): string {
  return path.join(folder, 'aws-config')
}

/**
 * Writes that file, for its owner's eyes only, where it does not stand there already. Credentials may stand in a config
 * file as well as in one of their own (https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html);
 * `endpoint_url` is read there by version 2.13 of the command line and later.
 */
export function writeProfile(
  folder: string,
  { endpoint, region, credentials }: { endpoint: string; region: string; credentials: Credentials },
): void {
  const text = `[profile ${profileName}]
region = ${region}
endpoint_url = ${endpoint}
aws_access_key_id = ${credentials.accessKeyId}
aws_secret_access_key = ${credentials.secretAccessKey}
`
  const file = profileFile(folder)
  if (readText(file) !== text) writeText(file, text, { flush: true })
}
