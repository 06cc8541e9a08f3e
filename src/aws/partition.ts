/** How the regions of each of AWS's partitions begin; all others are in `aws` (AWS's partitions.json, in every SDK). */
const partitions: readonly (readonly [region: RegExp, partition: string])[] = [
  [/^cn-/, 'aws-cn'],
  [/^us-gov-/, 'aws-us-gov'],
  [/^us-iso-/, 'aws-iso'],
  [/^us-isob-/, 'aws-iso-b'],
  [/^eu-isoe-/, 'aws-iso-e'],
  [/^us-isof-/, 'aws-iso-f'],
  [/^eusc-/, 'aws-eusc'],
]

/** The partition that a region belongs to: what the ARNs there begin with after `arn:`. */
export function partitionOf(region: string): string {
  return partitions.find(([regions]) => regions.test(region))?.[1] ?? 'aws'
}
