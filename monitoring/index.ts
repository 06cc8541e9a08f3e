/**
 * Prometheus and Grafana, generated from the config: what is scraped, alerted on and drawn follows from the services that there are,
 * so that a new service needs no edit here. Everything is a pure function from the config to texts.
 */
export { grafanaEnvironment, grafanaFiles, grafanaLaunchEnvironment } from './grafana.ts'
export { prometheusArguments, prometheusFiles, prometheusTargets } from './prometheus.ts'
