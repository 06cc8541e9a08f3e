/** How often the packages are asked for before the machine gives up; the pauses in between add up to 75 s. */
const attempts = 6

/**
 * What a machine does at its first boot, as root: it gets a container engine and the program that lets the engine log
 * in to ECR with the machine's role. Both are packages of Amazon Linux 2023, whose mirrors fail now and then. A machine
 * image that has them already is left as it is. How it ended stands in `boot` below the root folder, so that a launch
 * does not wait for what will not come; what it said, where cloud-init puts it.
 */
export const userData = `#!/bin/sh
set -e
root="\${MLOPS_ROOT:-/opt/mlops}"
mkdir -p "$root"
trap 'echo $? >"$root/boot"' EXIT
attempt=1
until command -v docker && command -v docker-credential-ecr-login || dnf install -y docker amazon-ecr-credential-helper; do
  [ "$attempt" -lt ${attempts} ] || { echo "gave up after $attempt attempts to install docker"; exit 1; }
  sleep $((attempt * 5))
  attempt=$((attempt + 1))
done
docker info || systemctl enable --now docker
`
