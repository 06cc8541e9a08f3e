import type { Random } from './random.ts'
import type { Target } from './target.ts'

/** One connection to the service: what is sent on it, and how the client behaves. */
export interface Connection {
  /** Sent one after the other. */
  readonly pieces: readonly (Buffer | string)[]
  /** A pause between two pieces, in ms; none where nothing is said. */
  readonly everyMs?: number
  /**
   * When the client goes away: `'sent'` once everything has been written, `'answer'` at the first byte of the answer,
   * or so many ms after it has connected. Where nothing is said it reads the whole answer.
   */
  readonly leave?: 'sent' | 'answer' | number
  /** It goes away with a reset, as a process that was killed does, and not in good order. */
  readonly abrupt?: boolean
  /** It never takes a byte of the answer out of its socket. */
  readonly deaf?: boolean
  /** It asks for data, so that what it costs is held against the answer as well and not against its few bytes alone. */
  readonly asks?: boolean
  /** It is no HTTP, or not whole: that the connection is closed without a word is an answer. */
  readonly garbled?: boolean
}

/** One case: connections that are made at the same time. */
export interface Attempt {
  /** In a few words, for a person. */
  readonly about: string
  readonly connections: readonly Connection[]
  /** Why the service must refuse it; where nothing is said it may be taken or refused. */
  readonly refuse?: string
}

/** Cases of one kind. */
export interface Family {
  readonly name: string
  /** How many cases of it there are for one of the others. */
  readonly weight: number
  /**
   * Makes a case. The same target, numbers and turn make the same one.
   *
   * @param turn which case of the family it is, from 0: so that each kind in the family has its turn
   */
  make(target: Target, random: Random, turn: number): Attempt
}
