const units = ['kB', 'MB', 'GB', 'TB', 'PB']

/** A size in bytes as people read it, in powers of 1000 as disks and registries count: `812 B`, `1.2 MB`, `340 MB`. */
export function bytes(size: number): string {
  if (size < 1000) return `${Math.round(size)} B`
  let value = size / 1000
  let unit = 0
  // 999.5 would be shown as 1000 of a unit that has a larger neighbour.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`
}
