/**
 * How much memory a service's Node may take for JavaScript, by the memory of its container. Left to itself, Node lets
 * its heap grow towards what the machine has and collects garbage late; five eighths of the container are for what is
 * not JavaScript: code, buffers, threads, models. (With half for each, many long answers at once took 281 MiB of 256.)
 * Young objects get a sixty-fourth for each of V8's two halves: in a service hardly any of them outlive a request, so
 * that more room for them would only be used before it is looked through, and each look through it would take longer.
 *
 * @returns the value of `NODE_OPTIONS`
 */
export function nodeOptions(memoryMiB: number): string {
  const young = Math.min(16, Math.max(1, Math.floor(memoryMiB / 64)))
  return `--max-old-space-size=${Math.floor((memoryMiB * 3) / 8)} --max-semi-space-size=${young}`
}
