import type { Config } from '../../../config/config.ts'

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
${swapMiB > 0 ? swapFile(swapMiB) : ''}attempt=1
until command -v docker && command -v docker-credential-ecr-login || dnf install -y docker amazon-ecr-credential-helper; do
  [ "$attempt" -lt ${attempts} ] || { echo "gave up after $attempt attempts to install docker"; exit 1; }
  sleep $((attempt * 5))
  attempt=$((attempt + 1))
done
docker info || systemctl enable --now docker
`
}

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
