import type { Config } from '../../../config/config.ts'
import { quote } from '../../report/quote.ts'

/** How often the packages are asked for before the machine gives up; the pauses in between add up to 75 s. */
const attempts = 6

/**
 * What a machine does at its first boot, as root: it gets its swap file, a container engine, and the program that lets
 * the engine log in to ECR with the machine's role. The last two are packages of Amazon Linux 2023, whose mirrors fail
 * now and then; a machine image that has them already is left as it is. How it ended stands in `boot` below the root
 * folder, so that a launch does not wait for what will not come; what it said, where cloud-init puts it.
 */
export function userData({ instance: { swapMiB } }: Pick<Config, 'instance'>): string {
  return `#!/bin/sh
set -e
root="\${MLOPS_ROOT:-/opt/mlops}"
mkdir -p "$root"
trap 'echo $? >"$root/boot"' EXIT
${swapMiB > 0 ? swapFile(swapMiB) : ''}${atEachBoot}attempt=1
until command -v docker && command -v docker-credential-ecr-login || dnf install -y docker amazon-ecr-credential-helper; do
  [ "$attempt" -lt ${attempts} ] || { echo "gave up after $attempt attempts to install docker"; exit 1; }
  sleep $((attempt * 5))
  attempt=$((attempt + 1))
done
docker info || systemctl enable --now docker
`
}

/**
 * What cloud-init runs at each boot from the second one on. A machine that was stopped and started while the stage's
 * address is on its second private address gets no public address for the first one (EC2 User Guide, "Public IPv4
 * addresses"), and that is what it sends from: it would reach neither Systems Manager nor its secrets. So it sends from
 * the second one then. What is at boot told by the metadata service: "ipv4-associations" of the interface.
 */
const wayOut = `#!/bin/sh
metadata=http://169.254.169.254/latest
token=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 300" $metadata/api/token)
ask() { curl -sf -H "X-aws-ec2-metadata-token: $token" "$metadata/meta-data/$1"; }
first=$(ask local-ipv4)
public=network/interfaces/macs/$(ask mac)/ipv4-associations
for address in $(ask "$public/"); do
  private=$(ask "$public/$address")
  [ "$private" != "$first" ] || exit 0
  second=$private
done
[ -n "\${second:-}" ] || exit 0
route=$(ip -4 route show default | head -n 1 | sed "s/ src .*//")
tries=0
# The system may not have brought the second address up yet.
until ip -4 route replace $route src "$second"; do
  tries=$((tries + 1))
  [ "$tries" -lt 60 ] || exit 1
  sleep 1
done
`

/** The agent of a machine may say where the root of its disk is; on AWS it is always /. */
const atEachBoot = `boot="\${MLOPS_ROOT:-}/var/lib/cloud/scripts/per-boot"
mkdir -p "$boot"
printf '%s' ${quote(wayOut)} >"$boot/way-out"
chmod 755 "$boot/way-out"
`

/**
 * First, because installing packages takes memory. In fstab, so that it is there after a reboot as well. The agent of a
 * machine may say where the root of its disk is; on AWS it is always /.
 */
function swapFile(swapMiB: number): string {
  return `swap="\${MLOPS_ROOT:-}/swapfile"
fallocate -l ${swapMiB}M "$swap"
chmod 600 "$swap"
mkswap "$swap"
swapon "$swap"
mkdir -p "\${MLOPS_ROOT:-}/etc"
echo "$swap none swap sw 0 0" >>"\${MLOPS_ROOT:-}/etc/fstab"
`
}
