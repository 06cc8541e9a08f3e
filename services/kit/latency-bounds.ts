/**
 * The bounds of the buckets by which requests are counted, in seconds (`http_request_duration_seconds`), and so the
 * times that a latency objective can be about: between two of them a histogram only guesses.
 */
export const latencyBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const
