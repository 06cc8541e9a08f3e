import type { Container, Launch } from '../../../src/release/launch/script-input.ts'

/** A container with nothing special about it. */
export function container(name: string, also: Partial<Container> = {}): Container {
  return {
    name,
    kind: 'service',
    image: `registry.test/shop/prod/${name}@sha256:${'0'.repeat(64)}`,
    port: 8001,
    health: '/health',
    memoryMiB: 256,
    swapMiB: 0,
    environment: {},
    volume: '/data',
    reads: {},
    hostFolders: {},
    hostNetwork: false,
    user: '1000:1000',
    secrets: [],
    needs: [],
    ...also,
  }
}

/** The launch of release 7 with these containers. */
export function launchOf(containers: readonly Container[], also: Partial<Launch> = {}): Launch {
  return {
    release: 7,
    identity: '7-abc',
    address: '127.0.0.9',
    registry: 'registry.test',
    secretsAgent: undefined,
    files: {},
    containers,
    ...also,
  }
}

/** Two services of which one needs the other, a secret, a file: everything that a launch script can have. */
export const fullLaunch = launchOf(
  [
    container('web', {
      port: 8001,
      environment: { GREETING: 'it\'s $HOME `id` "now"', PLAIN: 'yes' },
      reads: { 'prometheus/targets': '/etc/prometheus/targets' },
      secrets: ['API_KEY'],
      needs: ['data-store'],
    }),
    container('data-store', { port: 8002, health: '/ready?full=1', memoryMiB: 64, user: '65534:65534' }),
  ],
  {
    secretsAgent: {
      image: `registry.test/shop/prod/secrets@sha256:${'1'.repeat(64)}`,
      region: 'eu-west-1',
      requests: ['web/API_KEY:1000=/shop/prod/secrets/API_KEY'],
    },
    files: { 'prometheus/targets/web.json': '[{"targets":["127.0.0.9:8001"]}]\n' },
  },
)
