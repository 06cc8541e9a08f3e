import { quote } from '../../../report/quote.ts'

/** What the script says on its standard output once the namespaces are there. */
export const up = 'up'

/**
 * The first process in the engine's namespaces: it gives the engine a `/run` of its own, starts it, and picks up the
 * processes that have lost their parents, which the first process of a PID namespace must do.
 *
 * @param run the folder that stands for `/run`
 * @param data where images, containers and volumes lie
 * @param cgroup the group below which containers get theirs
 */
export function bootScript({ run, data, cgroup }: { run: string; data: string; cgroup: string }): string {
  const daemon = [
    'dockerd --host unix:///run/docker.sock --pidfile /run/docker.pid --exec-root /run/docker',
    `--data-root ${quote(data)} --config-file /run/daemon.json`,
    // Limits are set by the engine itself: where systemd would set them, it would make units that outlive the instance.
    `--exec-opt native.cgroupdriver=cgroupfs --cgroup-parent /${cgroup}`,
  ]
  return `set -eu
# As systemd has it, which containers count on that see all of the machine's files.
mount --make-rshared /
mount --bind ${quote(run)} /run
ip link set lo up
# Some kernels have only one of the two interfaces to the packet filter.
if ! iptables -w -t nat -A OUTPUT -m addrtype --dst-type LOCAL -j RETURN; then
  mkdir -p /run/bin
  for name in iptables ip6tables; do ln -sf "$(command -v $name-legacy)" /run/bin/$name; done
  PATH=/run/bin:$PATH
fi
iptables -w -t nat -F OUTPUT
echo ${up}
${daemon.join(' \\\n  ')} >&2 &
wait $!
`
}
