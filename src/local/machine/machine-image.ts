import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onPath } from '../../report/on-path.ts'
import { quote } from '../../report/quote.ts'
import { engineSocket } from './dockerd/traces.ts'
import type { InstanceFolder, Settings } from './folder.ts'
import { swapsFile } from './memory/swap.ts'
import { sourceFile } from './routes.ts'

const cli = fileURLToPath(new URL('./docker/socket/cli.ts', import.meta.url))

/**
 * Puts the programs of the machine image into the instance's `bin`: what an Amazon Linux machine has after installing
 * docker and amazon-ecr-credential-helper, `curl`, `ip`, and what makes a swap file.
 *
 * @param metadata where the metadata service answers
 */
export function installPrograms(folder: InstanceFolder, settings: Settings, metadata: string): void {
  mkdirSync(folder.bin, { recursive: true })
  // Relative socket path: the path of a Unix socket may have 104 bytes only, and a project may lie deep. Its code is
  // cached after the first call, which makes later starts three times as quick. Without the `--`, Node would take an
  // `--env-file` anywhere on the line for its own.
  const client = (program: string) =>
    `#!/bin/sh\nMLOPS_MACHINE=${quote(folder.path)} NODE_COMPILE_CACHE=${quote(join(folder.path, 'cache'))} exec ${quote(process.execPath)} --disable-warning=ExperimentalWarning -- ${quote(cli)} ${program} "$@"\n`
  install(folder, 'docker', settings.engine === 'docker' ? realClient(folder, settings) : client('docker'))
  install(folder, 'docker-credential-ecr-login', client('docker-credential-ecr-login'))
  install(folder, 'ip', routes(onPath('ip', folder.bin), settings.privateAddress, sourceFile(folder)))
  install(folder, 'mkswap', swapMaker)
  install(folder, 'swapon', swapSwitch(swapsFile(folder)))
  if (onPath('fallocate', folder.bin) === undefined) install(folder, 'fallocate', allocator)
  const curl = onPath('curl', folder.bin)
  if (curl !== undefined) install(folder, 'curl', curlOn(curl, settings.privateAddress, metadata))
}

/** This machine's own docker program, talking to the engine of the instance. */
function realClient(folder: InstanceFolder, { instanceId }: Settings): string {
  return `#!/bin/sh\nDOCKER_HOST=${quote(`unix://${engineSocket(instanceId)}`)} exec ${quote(onPath('docker', folder.bin) ?? 'docker')} "$@"\n`
}

/**
 * A plain process has no loopback of its own, so `localhost` on the instance has to be said as the instance's address;
 * likewise the metadata service's well-known one.
 */
function curlOn(curl: string, address: string, metadata: string): string {
  const localhost = ['127.0.0.1', 'localhost'].map((host) => `--connect-to ${host}::${address}:`).join(' ')
  return `#!/bin/sh\nexec ${quote(curl)} --noproxy '*' ${localhost} --connect-to 169.254.169.254:80:${new URL(metadata).host} "$@"\n`
}

/**
 * The part of `ip` that has to do with the way out: a plain process has this computer's routes, which are not an
 * instance's to change. The gateway is the first address of a network, as in a subnet of AWS's. Everything else is left
 * to the computer's own program, by which a real engine is brought up.
 *
 * @param ip that program; undefined where the computer has none
 */
function routes(ip: string | undefined, address: string, source: string): string {
  const from = `$(cat ${quote(source)} 2>/dev/null || echo ${address})`
  return `#!/bin/sh
case "$*" in
  '-4 route show default' | 'route show default') echo "default via ${address.replace(/\d+$/, '1')} dev eth0 proto dhcp src ${from} metric 512" ;;
  '-4 route replace default '* | 'route replace default '*)
    while [ $# -gt 0 ]; do
      if [ "$1" = src ]; then echo "$2" >${quote(source)}; exit; fi
      shift
    done ;;
  *) ${ip === undefined ? 'echo "ip: not found" >&2; exit 127' : `exec ${quote(ip)} "$@"`} ;;
esac
`
}

/** Where the kernel looks for the mark of swap space: at the end of the first page. */
const swapMark = { text: 'SWAPSPACE2', offset: 4086 }

/** Marks a file as mkswap does. macOS has none. */
const swapMaker = `#!/bin/sh
[ "$(wc -c <"$1")" -ge 40960 ] || { echo "mkswap: error: swap area needs to be at least 40 KiB" >&2; exit 1; }
printf ${swapMark.text} | dd of="$1" bs=1 seek=${swapMark.offset} conv=notrunc 2>/dev/null
`

/** The swap of this computer is not an instance's to change: what is switched on is written down. */
function swapSwitch(swaps: string): string {
  return `#!/bin/sh
[ "$(dd if="$1" bs=1 skip=${swapMark.offset} count=${swapMark.text.length} 2>/dev/null)" = ${swapMark.text} ] ||
  { echo "swapon: $1: read swap header failed" >&2; exit 255; }
if grep -qxF "$1" ${quote(swaps)} 2>/dev/null; then echo "swapon: $1: swapon failed: Device or resource busy" >&2; exit 255; fi
echo "$1" >>${quote(swaps)}
`
}

/** \`fallocate -l 512M FILE\`, where the computer has none. */
const allocator = `#!/bin/sh
exec dd if=/dev/zero of="$3" bs=1048576 count=0 seek="\${2%M}"
`

/** One that is there is written anew, and stays as executable as it is. */
function install(folder: InstanceFolder, name: string, text: string): void {
  writeFileSync(join(folder.bin, name), text, { mode: 0o755 })
}
