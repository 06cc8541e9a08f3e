import { spawnSync } from 'node:child_process'
import { Failure } from '../../../report/failure.ts'
import { onPath } from '../../../report/on-path.ts'

/** The programs that a real engine needs, and the Debian package that has each. */
const programs: Readonly<Record<string, string>> = {
  docker: 'docker.io',
  dockerd: 'docker.io',
  containerd: 'containerd',
  runc: 'runc',
  iptables: 'iptables',
  ip: 'iproute2',
  mount: 'mount',
  nsenter: 'util-linux',
  setpriv: 'util-linux',
  unshare: 'util-linux',
}

/**
 * Why instances of this machine cannot have a real engine; undefined when they can.
 */
export function engineMissing(): { readonly why: string; readonly next?: string } | undefined {
  if (process.platform !== 'linux') return { why: `containers need Linux, and this is ${process.platform}` }
  const missing = Object.keys(programs).filter((name) => onPath(name) === undefined)
  if (missing.length > 0) {
    const packages = [...new Set(missing.map((name) => programs[name]))]
    return {
      why: `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not installed`,
      next: `apt-get install ${packages.join(' ')}`,
    }
  }
  if (process.getuid?.() !== 0)
    return {
      why: 'only root may start a container engine with networks of its own',
      next: 'sudo --preserve-env=PATH npx zx scripts/deploy.mjs --engine docker',
    }
  const tried = spawnSync(onPath('unshare')!, ['--net', '--mount', '--pid', '--fork', 'true'], { encoding: 'utf8' })
  if (tried.status !== 0)
    return { why: `this root may not make namespaces (${tried.stderr.trim()}): it is in a container without the right to do so` }
  return undefined
}

/** @throws Failure that says what is missing for a real engine, and how to get it */
export function refuseWithoutEngine(): void {
  const missing = engineMissing()
  if (missing === undefined) return
  throw new Failure(`Instances of this machine cannot have a real container engine: ${missing.why}. Nothing was changed.`, {
    on: '--engine docker',
    likely: 'The stand-in for docker needs none of this: --engine stand-in.',
    ...(missing.next !== undefined && { next: missing.next }),
  })
}
