import type { Config } from '../../../config/config.ts'

/**
 * What a machine does at its first boot, as root: it gets its swap file, a container engine, and the program that lets
 * the engine log in to ECR with the machine's role. The last two are packages of Amazon Linux 2023. A machine image that
 * has them already is left as it is.
 */
export function userData({ instance: { swapMiB } }: Pick<Config, 'instance'>): string {
  return `#!/bin/sh
set -e
${swapMiB > 0 ? swapFile(swapMiB) : ''}command -v docker && command -v docker-credential-ecr-login || dnf install -y docker amazon-ecr-credential-helper
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
