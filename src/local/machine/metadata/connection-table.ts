import { endianness } from 'node:os'

/** One end of a TCP connection: `127.0.0.1:4780`. */
export type End = `${string}:${number}`

/** Who has one end of a connection, as the system's table of connections tells. */
export interface Holder {
  readonly uid: number
  /** Linux: the number of the socket, which `/proc/PID/fd` names; `0` when nobody has it open any more. */
  readonly inode?: string
  /** Where the table names processes, as lsof does. */
  readonly pid?: number
}

const little = endianness() === 'LE'

/**
 * Finds the holder of one end in `/proc/net/tcp` or `/proc/net/tcp6` (proc_net(5)). A program may have connected by a
 * socket of version 6 to an address of version 4, so both tables have to be looked at.
 *
 * @param table the file's text
 * @param own the end whose holder is wanted
 * @param other the opposite end
 */
export function holderInTable(table: string, own: End, other: End): Holder | undefined {
  for (const line of table.split('\n').slice(1)) {
    const [, local = '', remote = '', , , , , uid = '', , inode = ''] = line.trim().split(/\s+/)
    if (endOf(local) === own && endOf(remote) === other) return { uid: Number(uid), inode }
  }
  return undefined
}

/**
 * Finds the holders of one end in what `lsof -nP -iTCP… -Fpun` prints: a line `p` and the process's number, a line `u`
 * and its user's, then for each of its sockets a line `n127.0.0.1:52345->127.0.0.1:4780` (lsof(8), "Output for other
 * programs"). Several processes may have the same socket.
 */
export function holdersInList(list: string, own: End, other: End): Holder[] {
  const holders: Holder[] = []
  let [pid, uid] = [Number.NaN, Number.NaN]
  for (const line of list.split('\n')) {
    const value = line.slice(1)
    if (line.startsWith('p')) [pid, uid] = [Number(value), Number.NaN]
    else if (line.startsWith('u')) uid = Number(value)
    else if (line.startsWith('n') && value.replaceAll(/\[::ffff:([\d.]+)\]/g, '$1') === `${own}->${other}`) holders.push({ uid, pid })
  }
  return holders
}

/**
 * `0100007F:12AC` → `127.0.0.1:4780`. The kernel prints an address as words of its own byte order. Undefined for a real
 * address of version 6.
 */
function endOf(text: string): End | undefined {
  const [, mapped, word = '', port = ''] = /^(0{16}(?:FFFF0000|0000FFFF))?([0-9A-F]{8}):([0-9A-F]{4})$/.exec(text) ?? []
  if (word === '' || (mapped !== undefined && !mapped.endsWith(little ? 'FFFF0000' : '0000FFFF'))) return undefined
  const bytes = word.match(/../g)!.map((byte) => Number.parseInt(byte, 16))
  return `${(little ? bytes.reverse() : bytes).join('.')}:${Number.parseInt(port, 16)}`
}
