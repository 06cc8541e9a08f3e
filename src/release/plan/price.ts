import type { Config } from '../../../config/config.ts'

/**
 * Of this table. Prices are on-demand list prices of us-east-1 in US dollars; other regions cost up to a third more.
 */
export const pricesOf = '2026-07'

/**
 * One hour of the `large` size of a family; every size costs in proportion.
 * https://aws.amazon.com/ec2/pricing/on-demand/
 */
const largeHour: Readonly<Record<string, number>> = {
  t3: 0.0832,
  t3a: 0.0752,
  t4g: 0.0672,
  m5: 0.096,
  m6i: 0.096,
  m6g: 0.077,
  m7i: 0.1008,
  m7g: 0.0816,
  c5: 0.085,
  c6i: 0.085,
  c7g: 0.0725,
  r5: 0.126,
}

const sizes: Readonly<Record<string, number>> = { nano: 1 / 16, micro: 1 / 8, small: 1 / 4, medium: 1 / 2, large: 1, xlarge: 2 }

/**
 * One GiB of gp3 for a month, and one public IPv4 address for an hour, used or not. https://aws.amazon.com/ebs/pricing/
 * https://aws.amazon.com/vpc/pricing/
 */
const diskMonth = 0.08
const addressHour = 0.005

/** AWS's own figure for a month. */
const hours = 730

/** What a stage costs a month, in US dollars. */
export interface Price {
  /** undefined: the table does not have this type. */
  readonly instance: number | undefined
  readonly disk: number
  /** The stage's address, and the machine's own, by which it reaches AWS. */
  readonly addresses: number
  readonly total: number | undefined
}

/**
 * The price of what a config runs all the time. Traffic, image storage and the minutes of two machines during a deploy
 * come on top.
 */
export function priceOf({ instance: { type, diskGiB } }: Pick<Config, 'instance'>): Price {
  const hour = instanceHour(type)
  const instance = hour === undefined ? undefined : hour * hours
  const [disk, addresses] = [diskGiB * diskMonth, 2 * addressHour * hours]
  return { instance, disk, addresses, total: instance === undefined ? undefined : instance + disk + addresses }
}

/** What a thing of this kind costs a month when it is left behind; undefined for what is free, or not in the table. */
export function priceOfRemaining(kind: string): number | undefined {
  return kind === 'elastic ip' ? addressHour * hours : undefined
}

function instanceHour(type: string): number | undefined {
  const [family = '', size = ''] = type.split('.')
  const large = largeHour[family]
  const many = /^(\d+)xlarge$/.exec(size)?.[1]
  const factor = many ? Number(many) * 2 : sizes[size]
  return large === undefined || factor === undefined ? undefined : large * factor
}
