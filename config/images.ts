/**
 * The official images that releases are laid on when the config does not name others. Pinned: an image that moves would
 * change a release without a change in the source. All three registries hand out images without an account.
 */
export const images = {
  /** The Docker official image of Node in Amazon's public mirror, of the version that the `node` package pins. */
  node: 'public.ecr.aws/docker/library/node:24.21.0-bookworm-slim',
  /** Prometheus publishes to Quay and Docker Hub; 3.13 is its long-term-support line. */
  prometheus: 'quay.io/prometheus/prometheus:v3.13.3',
  /** The open-source edition; since 12.4 it is published under this name alone. */
  grafana: 'docker.io/grafana/grafana:13.2.3',
  alertmanager: 'quay.io/prometheus/alertmanager:v0.34.1',
  nodeExporter: 'quay.io/prometheus/node-exporter:v1.12.1',
} as const
