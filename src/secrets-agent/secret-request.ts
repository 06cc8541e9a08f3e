/** One secret that a container wants: where its value comes from and where it goes. */
export interface SecretRequest {
  /** The container that gets it. */
  readonly container: string
  /** The name of its file. */
  readonly name: string
  /** Who may read the file: the user id that the container runs as. */
  readonly uid: number
  /** The parameter that holds the value. */
  readonly parameter: string
}

/** A secret request as one word of a command line: names and a user id, never a value. */
export function writeSecretRequest({ container, name, uid, parameter }: SecretRequest): string {
  return `${container}/${name}:${uid}=${parameter}`
}

/** @throws Error for a word that is no secret request */
export function readSecretRequest(word: string): SecretRequest {
  const match = /^([a-z0-9-]+)\/([\w.-]+):(\d+)=(\/.+)$/.exec(word)
  if (!match) throw new Error(`not CONTAINER/NAME:UID=PARAMETER: ${word}`)
  const [, container, name, uid, parameter] = match as unknown as [string, string, string, string, string]
  return { container, name, uid: Number(uid), parameter }
}
