/**
 * Prometheus, Alertmanager, Grafana and the node exporter, generated from the config: what is scraped, promised,
 * alerted on and drawn follows from the services that there are, so that a new service needs no edit here. Pure
 * functions from the config to texts; only the project's own rules and dashboards are read from files.
 */
export { alertmanagerArguments, alertmanagerFiles, alertmanagerSecrets } from './alertmanager.ts'
export { adminPassword, grafanaAddresses, grafanaEnvironment, grafanaFiles } from './grafana.ts'
export { type Job, jobs } from './jobs.ts'
export { nodeExporterArguments } from './node-exporter.ts'
export { prometheusArguments, prometheusFiles, prometheusSecrets } from './prometheus.ts'
export { monitoringLaunchFiles, monitoringServers, type Server } from './servers.ts'
export { type Launched, prometheusRelease, prometheusTargets } from './targets.ts'
export { monitoringFiles, writeFiles } from './write.ts'
