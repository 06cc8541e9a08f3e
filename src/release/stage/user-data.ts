/**
 * What a machine does at its first boot, as root: it gets a container engine and the program that lets the engine log
 * in to ECR with the machine's role. Both are packages of Amazon Linux 2023. A machine image that has them already is
 * left as it is.
 */
export const userData = `#!/bin/sh
set -e
command -v docker && command -v docker-credential-ecr-login || dnf install -y docker amazon-ecr-credential-helper
docker info || systemctl enable --now docker
`
