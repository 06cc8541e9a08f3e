import { connect, type Socket } from 'node:net'

/** Opens a connection, writes, and gives all that comes until the other side closes it. */
export function talk(port: number, text: string, after?: (socket: Socket, got: string) => void): Promise<string> {
  return new Promise((resolve) => {
    let got = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    socket.on('data', (piece) => {
      got += piece
      after?.(socket, got)
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(got))
  })
}
