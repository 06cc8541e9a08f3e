/**
 * services/ml-inference answers predictions: features in, a probability and the version of the model that gave it out.
 */
import { Counter, Histogram } from 'prom-client'
import { createService, type Service } from '../kit/service.ts'
import { readFeatures } from './features.ts'
import { predict, version } from './model.ts'

/** @param name as the config calls the service */
export function createApp({ name }: { name: string }): Service {
  const service = createService({ name })
  const registers = [service.registry]
  const predictions = new Counter({ name: 'ml_predictions_total', help: 'Predictions made.', registers })
  const duration = new Histogram({
    name: 'ml_prediction_duration_seconds',
    help: 'Time the model took for a prediction.',
    buckets: [0.00001, 0.0001, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
    registers,
  })
  return service.post('/predict', async (request) => {
    const features = readFeatures(await request.json())
    const end = duration.startTimer()
    const prediction = predict(features)
    end()
    predictions.inc()
    return { prediction, model_version: version, timestamp: Date.now() / 1000 }
  })
}
