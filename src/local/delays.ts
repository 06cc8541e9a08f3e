/**
 * What takes AWS minutes takes the embedded cloud seconds, so that whoever relies on it being at once still finds out.
 * Each can be set, in ms, for tests and trials.
 */

/**
 * How long an instance waits for a public address of its own after it has lost the Elastic IP of its primary private
 * address: AWS's "within a few minutes".
 */
export function ownAddressMs(): number {
  return Number(process.env.MLOPS_OWN_ADDRESS_MS ?? 5000)
}

/**
 * How long an agent takes to notice that its connection is dead, since its public address has changed, and to make a
 * new one: on AWS it may be its next ping, which is due every five minutes.
 */
export function agentReconnectMs(): number {
  return Number(process.env.MLOPS_AGENT_RECONNECT_MS ?? 3000)
}
