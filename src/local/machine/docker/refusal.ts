/** The engine's answer to what it cannot do, in docker's words, with docker's exit code. */
export class Refusal extends Error {
  readonly code: number

  /** @param code 1 where docker's daemon refuses, 125 where the command itself or `docker run` fails */
  constructor(message: string, code = 1) {
    super(message)
    this.code = code
  }
}

/** What docker's daemon refused. */
export function daemon(message: string, code = 1): Refusal {
  return new Refusal(`Error response from daemon: ${message}`, code)
}
