/** The exit codes of every script, as users and CI meet them. */
export const exit = {
  done: 0,
  failed: 1,
  usage: 2,
  access: 3,
  stillServing: 4,
  nothingServing: 5,
  locked: 6,
  interrupted: 130,
} as const

/** What a failure can tell beyond its message. Every field is a finished sentence or a command. */
export interface FailureDetails {
  /** The resource it happened on, as a user would look it up: `vpc vpc-0a1b`, `service ml-inference`. */
  readonly on?: string
  /** The last lines of that resource's own log, oldest first. */
  readonly log?: readonly string[]
  /** The likely cause. */
  readonly likely?: string
  /** The exact next command. */
  readonly next?: string
  /** One of `exit`; `exit.failed` where nothing else is said. */
  readonly code?: number
  readonly cause?: unknown
}

/**
 * Something went wrong that a person can act on: a mistake, a refusal, a machine that does not answer.
 * It is printed without a stack; every other error is a bug of ours and is printed with one.
 */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly details: FailureDetails

  constructor(message: string, details: FailureDetails = {}) {
    super(message, { cause: details.cause })
    this.details = details
  }

  /** The exit code of the script that ends with this failure. */
  get code(): number {
    return this.details.code ?? exit.failed
  }
}
