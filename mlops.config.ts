import { defineConfig } from './config/index.ts'

// The one file to edit: what runs, where, and how big. `npx zx scripts/deploy.mjs` makes it so.
export default defineConfig(({ stage }) => ({
  app: 'mlops',
  region: 'ap-southeast-1',
  instance: { type: 't3.small', diskGiB: 20 },

  // One entry here and one folder in services/ is all that a service needs. On AWS nobody gets in without the stage's
  // token: `npx zx scripts/secret.mjs show service-token --stage STAGE`.
  services: {
    'ml-inference': {
      entry: './services/ml-inference/server.ts',
      port: 8001,
      health: '/ready',
      expose: 'public',
      auth: stage === 'local' ? 'none' : 'token',
      measures: ['predictions'],
    },
    'data-ingestion': {
      entry: './services/data-ingestion/server.ts',
      port: 8002,
      expose: 'public',
      auth: stage === 'local' ? 'none' : 'token',
      measures: ['ingestion'],
    },
  },

  // On AWS nobody reaches these from outside; on this machine, you do.
  monitoring: { prometheus: { port: 9090 }, grafana: { port: 3000 }, expose: stage === 'local' ? 'public' : 'nobody' },

  // A protected stage is not destroyed by accident.
  protect: stage === 'prod',
}))
