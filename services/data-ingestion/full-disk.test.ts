import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'

const entry = `${import.meta.dirname}/server.ts`

/** Whether this machine lets us mount a small disk of our own, in a namespace where nobody else sees it. */
function mayMount(): boolean {
  try {
    execFileSync('unshare', ['--user', '--map-root-user', '--mount', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    console.log('No disk can be mounted here, so no full disk was tested. That needs Linux with unprivileged user namespaces.')
    return false
  }
}

const mounts = mayMount()

if (mounts)
  test('on a full disk records are refused with 507, reads go on, and after a kill everything acknowledged is there', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'full-disk-'))
    // One shell holds the disk while two services use it, one after the other; a line on its input starts the second.
    const script = `mount -t tmpfs -o size=1m none "$0" && { "$1" "$2"; read line; exec "$1" "$2"; }`
    const shell = spawn('unshare', ['--user', '--map-root-user', '--mount', 'sh', '-c', script, folder, process.execPath, entry], {
      env: { ...process.env, DATA_DIR: folder, PORT: '0' },
      stdio: ['pipe', 'pipe', 'ignore'],
      detached: true,
    })
    const ended = once(shell, 'exit')
    let output = ''
    shell.stdout.on('data', (piece) => {
      output += piece
    })
    const listening = async (count: number) => {
      for (;;) {
        const ports = [...output.matchAll(/"port":(\d+),"message":"listening"/g)].map(([, port]) => port)
        if (ports.length >= count) return `http://127.0.0.1:${ports[count - 1]}`
        await once(shell.stdout, 'data')
      }
    }
    const post = async (address: string, bytes: number) => {
      const response = await fetch(`${address}/ingest`, { method: 'POST', body: `{"a":"${'x'.repeat(bytes)}"}` })
      return { status: response.status, body: (await response.json()) as { id: number; error?: string } }
    }
    try {
      const first = await listening(1)
      const ids: number[] = []
      let answer = await post(first, 20_000)
      for (; answer.status === 201; answer = await post(first, 20_000)) ids.push(answer.body.id)
      assert.equal([answer.status, answer.body.error], [507, 'There is no room for another record'])
      assert.ok(ids.length > 5, `${ids.length} records fit`)
      for (const id of ids) assert.is((await fetch(`${first}/data/${id}`)).status, 200)
      const page = await (await fetch(`${first}/data?limit=1000`)).json()
      assert.is((page as { total: number }).total, ids.length)
      assert.is((await fetch(`${first}/health`)).status, 200)

      const [service] = readFileSync(`/proc/${shell.pid}/task/${shell.pid}/children`, 'utf8').split(' ')
      process.kill(Number(service), 'SIGKILL')
      shell.stdin.write('again\n')
      const second = await listening(2)
      for (const id of ids) assert.is((await fetch(`${second}/data/${id}`)).status, 200)
      assert.is((await post(second, 20_000)).status, 507)
    } finally {
      process.kill(-shell.pid!, 'SIGTERM')
      await ended
      rmSync(folder, { recursive: true, force: true })
    }
  })
if (mounts)
  for (const filled of [256, 248, 200])
    test(`a service that starts with ${256 - filled} KiB of room waits for more, and takes up work by itself when there is`, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'no-room-'))
      const script = `mount -t tmpfs -o size=256k none "$0" && head -c ${filled}k /dev/zero > "$0/filler"
        exec 3<&0; { read line; rm "$0/filler"; read line; head -c 256k /dev/zero > "$0/filler"; read line; rm "$0/filler"; read line; } <&3 & exec "$1" "$2" </dev/null 2>&1`
      const shell = spawn('unshare', ['--user', '--map-root-user', '--mount', 'bash', '-c', script, folder, process.execPath, entry], {
        env: { ...process.env, DATA_DIR: join(folder, 'data'), PORT: '0' },
        stdio: ['pipe', 'pipe', 'ignore'],
        detached: true,
      })
      const ended = once(shell, 'exit')
      let output = ''
      shell.stdout.on('data', (piece) => {
        output += piece
      })
      const seen = async (text: RegExp) => {
        while (!text.test(output)) await once(shell.stdout, 'data')
      }
      try {
        await seen(/the service starts when there is/)
        shell.stdin.write('\n')
        await seen(/"message":"listening"/)
        const address = `http://127.0.0.1:${/"port":(\d+)/.exec(output)?.[1]}`
        const post = async (bytes = 10) => {
          const response = await fetch(`${address}/ingest`, { method: 'POST', body: `{"a":"${'x'.repeat(bytes)}"}` })
          return { status: response.status, id: ((await response.json()) as { id: number }).id }
        }
        const kept = [await post()]
        assert.is(kept[0]?.status, 201)
        // Full again while it runs: nothing is kept then, and when there is room it goes on by itself.
        shell.stdin.write('\n')
        let refused = await post(2000)
        for (; refused.status === 201; refused = await post(2000)) kept.push(refused)
        assert.ok([503, 507].includes(refused.status), `refused with ${refused.status}`)
        assert.is((await fetch(`${address}/health`)).status, 200)
        shell.stdin.write('\n')
        let again = await post()
        while (again.status !== 201) again = await post()
        for (const { id } of [...kept, again]) assert.is((await fetch(`${address}/data/${id}`)).status, 200)
      } finally {
        process.kill(-shell.pid!, 'SIGTERM')
        await ended
        rmSync(folder, { recursive: true, force: true })
      }
    })
else test('a full disk cannot be made here, and the run says so', () => assert.ok(true))

test.run()
