import type { Config, Measure, Service } from '../../config/config.ts'

/** A service as it comes out of a config that says nothing but its port. */
export const service = (name: string, port: number, ...measures: Measure[]): Service => ({
  name,
  source: { entry: `/project/services/${name}/server.ts` },
  port,
  health: '/health',
  expose: 'public',
  auth: 'none',
  rateLimit: undefined,
  trustProxy: [],
  memoryMiB: 256,
  environment: {},
  secrets: {},
  needs: [],
  slo: { availability: 0.995, latency: { p: 0.99, seconds: 0.25 } },
  measures,
})

/** A resolved config with both services and every monitoring server. */
export const config: Config = {
  app: 'mlops',
  stage: 'staging',
  target: 'aws',
  region: 'ap-southeast-1',
  tags: {},
  strategy: 'blue-green',
  instance: { type: 't3.small', fallbackTypes: [], diskGiB: 20, swapMiB: 0, credits: 'standard' },
  network: undefined,
  base: 'host',
  services: [service('ml-inference', 8001, 'predictions'), service('data-ingestion', 8002, 'ingestion')],
  monitoring: {
    expose: 'nobody',
    prometheus: { port: 9191, base: 'host', memoryMiB: 256 },
    grafana: { port: 3131, base: 'host', memoryMiB: 256 },
    alertmanager: { port: 9193, base: 'host', memoryMiB: 128 },
    nodeExporter: { port: 9292, base: 'host', memoryMiB: 64 },
    scrapeInterval: '5s',
    retention: '30d',
    alerts: { slack: undefined, webhook: undefined, email: undefined, heartbeat: undefined, runbooks: 'docs/alerts.md', settle: '3m' },
  },
  protect: false,
  file: '/project/mlops.config.ts',
  folder: '/project',
}
