import { quote } from '../../report/quote.ts'
import type { Container, SecretsAgent } from './script-input.ts'

/** Where the identity of its launch stands in a container's labels. */
export const identityLabel = 'mlops.release'

/** The memory limit of the secrets agent, in MiB. */
export const secretsAgentMiB = 128

/**
 * `docker run` with the least a container can do with. Its `--memory-swap` is memory and swap together; left out,
 * docker would give it as much swap as memory, whatever the machine has.
 */
export function runContainer(container: Container): string {
  const { name, image, port, memoryMiB, swapMiB, environment, volume, reads, hostFolders, hostNetwork, user, secrets } = container
  const words = [
    'docker run -d',
    `--name ${name} --network ${hostNetwork ? 'host' : 'mlops'} --restart unless-stopped`,
    `--label ${identityLabel}=$identity`,
    '--read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges',
    `--memory ${memoryMiB}m --memory-swap ${memoryMiB + swapMiB}m --pids-limit 512`,
    '--log-opt max-size=10m --log-opt max-file=3',
    `--user ${user}`,
    ...(hostNetwork ? [] : [`-p ${port}:${port}`]),
    ...(volume ? [`--mount type=volume,src=${name},dst=${volume}`] : []),
    ...(secrets.length > 0 ? [`--mount type=volume,src=secrets-${name},dst=/run/secrets,readonly`] : []),
    ...Object.entries(reads).map(([folder, path]) => `--mount "type=bind,src=$root/${folder},dst=${path},readonly"`),
    ...Object.entries(hostFolders).map(([folder, path]) => `--mount type=bind,src=${folder},dst=${path},readonly`),
    ...Object.entries(environment).map(([key, value]) => `-e ${quote(`${key}=${value}`)}`),
    quote(image),
  ]
  return words.join(' \\\n  ')
}

/**
 * Starts the secrets agent and waits for it. A container's secrets lie on a volume of its own that is memory: nothing
 * of it is ever on the disk. The secrets agent is on the machine's own network, because that is one hop nearer to the
 * role's credentials than containers are; it may give files away and nothing else.
 */
export function runSecretsAgent({ image, region, requests }: SecretsAgent, containers: readonly Container[]): string[] {
  const readers = containers.filter(({ secrets }) => secrets.length > 0)
  const volumes = readers.map(
    ({ name }) => `docker volume create --opt type=tmpfs --opt device=tmpfs --opt o=size=1m,mode=0755 secrets-${name}`,
  )
  const words = [
    'docker run -d --name secrets --network host --restart unless-stopped',
    '--read-only --cap-drop ALL --cap-add CHOWN --cap-add DAC_OVERRIDE --security-opt no-new-privileges',
    '--user 0:0 --pids-limit 64 --log-opt max-size=1m --log-opt max-file=2',
    `--memory ${secretsAgentMiB}m --memory-swap ${secretsAgentMiB}m`,
    // The last two are set only where AWS is not at its usual place.
    `-e AWS_REGION=${region} -e AWS_ENDPOINT_URL -e AWS_EC2_METADATA_SERVICE_ENDPOINT`,
    ...readers.map(({ name }) => `--mount type=volume,src=secrets-${name},dst=/run/secrets/${name}`),
    quote(image),
    '/run/secrets',
    ...requests.map(quote),
  ]
  return [...volumes, 'docker rm -f secrets || true', `${words.join(' \\\n  ')} || fail start secrets`, 'secrets_ready', '']
}
