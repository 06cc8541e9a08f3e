/** One secret that a container wants: where its value comes from and where it goes. */
export interface Errand {
  /** The container that gets it. */
  readonly container: string
  /** The name of its file. */
  readonly name: string
  /** Who may read the file: the user id that the container runs as. */
  readonly uid: number
  /** The parameter that holds the value. */
  readonly parameter: string
}

/** An errand as one word of a command line: names and a user id, never a value. */
export function writeErrand({ container, name, uid, parameter }: Errand): string {
  return `${container}/${name}:${uid}=${parameter}`
}

/** @throws Error for a word that is no errand */
export function readErrand(word: string): Errand {
  const match = /^([a-z0-9-]+)\/([\w.-]+):(\d+)=(\/.+)$/.exec(word)
  if (!match) throw new Error(`not CONTAINER/NAME:UID=PARAMETER: ${word}`)
  const [, container, name, uid, parameter] = match as unknown as [string, string, string, string, string]
  return { container, name, uid: Number(uid), parameter }
}
