import type { Config, Service } from '../../config/config.ts'

const service = (name: string, port: number): Service => ({
  name,
  source: { entry: `/project/services/${name}/server.ts` },
  port,
  health: '/health',
  expose: 'public',
  memoryMiB: 256,
  environment: {},
  needs: [],
})

/** A resolved config with both services and both monitoring servers. */
export const config: Config = {
  app: 'mlops',
  stage: 'staging',
  target: 'aws',
  region: 'ap-southeast-1',
  strategy: 'blue-green',
  instance: { type: 't3.micro', diskGiB: 20 },
  base: 'host',
  services: [service('ml-inference', 8001), service('data-ingestion', 8002)],
  monitoring: {
    expose: 'nobody',
    prometheus: { port: 9191, base: 'host', memoryMiB: 256 },
    grafana: { port: 3131, base: 'host', memoryMiB: 256 },
  },
  protect: false,
  file: '/project/mlops.config.ts',
  folder: '/project',
}
