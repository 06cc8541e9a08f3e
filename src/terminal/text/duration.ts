/** Seconds as people read them: `0.8 s`, `12 s`, `1 m 12 s`, `2 h 5 m`. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${Math.max(0, seconds).toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  if (minutes < 60) return `${minutes} m ${whole % 60} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} m`
}
