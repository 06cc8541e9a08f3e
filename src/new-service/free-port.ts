import type { Config } from '../../config/config.ts'

/** The first port after those of the services that nothing in the config has. */
export function freePort({ services, monitoring: { prometheus, grafana, alertmanager, nodeExporter } }: Config): number {
  const taken = [...services, prometheus, grafana, alertmanager, nodeExporter].flatMap((server) => (server ? [server.port] : []))
  let port = Math.max(8000, ...services.map((service) => service.port)) + 1
  // From the top, what is free lies below.
  if (port > 65535) port = 8001
  while (taken.includes(port)) port++
  return port
}
