import { join } from 'node:path'

/** One port of a public address that leads to an instance. */
export interface Forwarding {
  /** The public address and port that it listens on. */
  readonly address: string
  readonly port: number
  /** Where the instance's programs listen. */
  readonly to: string
  /** The private address that the public one is associated with. */
  readonly via: string
  /** IPv4 blocks from which it may be reached. */
  readonly from: readonly string[]
}

/** What is to be forwarded, and by which program. */
export interface Rules {
  /** Another one each time that they are written. */
  readonly id: string
  /** The program's file: a forwarder that runs another version starts this one and hands its ports over to it. */
  readonly program: string
  readonly version: string
  readonly forwardings: readonly Forwarding[]
  /**
   * Running instances' private addresses, each with the public one that leads to it. A connection whose instance runs
   * and whose address leads elsewhere by now is cut.
   */
  readonly associations: readonly Association[]
}

/** What leads to a private address of a running instance just now. */
export interface Association {
  readonly via: string
  /** Absent: nothing. */
  readonly address?: string
}

/** A port that is wanted and cannot be had. */
export interface Refused {
  readonly address: string
  readonly port: number
  /**
   * `EADDRINUSE`: another program has it; `EADDRNOTAVAIL`: this machine has no such address; `EACCES`: it is not this
   * user's to take.
   */
  readonly code: string
}

/** What a forwarder says about itself. */
export interface Report {
  readonly pid: number
  /** When its process started, as the system words it: tells it apart from a later one with the same number. */
  readonly started: string
  readonly version: string
  /** The rules that it has made true, as far as it could, by their id. */
  readonly applied: string
  readonly refused: readonly Refused[]
}

/**
 * Where the cloud and its forwarder tell each other what they want and do: in whole files in a folder of the cloud's,
 * so that either can be killed at any moment and find out afterwards. The forwarder needs no API and no secret.
 */
export function forwardingFolder(cloudFolder: string) {
  const path = join(cloudFolder, 'forwarding')
  return {
    path,
    /** Cloud → forwarder: `Rules`. The forwarder ends when it is removed. */
    rules: join(path, 'rules.json'),
    /** Forwarder → cloud: `Report`. */
    report: join(path, 'report.json'),
    /** Held by the one forwarder that forwards, which touches it every `beatEvery` ms: one that hangs does not. */
    lock: join(path, 'lock'),
    log: join(path, 'forwarder.log'),
  }
}

/** How often a forwarder shows that it does its work, in ms. */
export const beatEvery = 500

/** Names one port of one address. */
export function endpointOf({ address, port }: { readonly address: string; readonly port: number }): string {
  return `${address}:${port}`
}
