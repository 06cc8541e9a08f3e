import { fields, secondsSinceTheEpoch } from '../kit/fields.ts'
import { type Check, holdsMetrics } from '../kit/smoke.ts'

const path = '/predict'

function probability(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= 1
}

function twoProbabilities(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value.every(probability)
}

const predicted = {
  status: 200,
  body: fields({ prediction: probability, model_version: /^\d+\.\d+\.\d+$/, timestamp: secondsSinceTheEpoch }),
}
const refused = { status: 400, body: fields({ error: /features/ }) }

/** The contract of `/predict`, with good and bad input. */
const checks: Check[] = [
  { name: 'it predicts from four features', method: 'POST', path, body: { features: [5.1, 3.5, 1.4, 0.2] }, expect: predicted },
  { name: 'it predicts from one feature', method: 'POST', path, body: { features: [-1] }, expect: predicted },
  {
    name: 'the same features give the same prediction',
    method: 'POST',
    path,
    body: { features: [5.1, 3.5, 1.4, 0.2] },
    expect: {
      status: 200,
      body: (body, answers) => {
        const first = answers.get('it predicts from four features')?.body as { prediction?: number } | undefined
        // But for the last digit: rows that go through the model together may be rounded otherwise than a row alone.
        const same = (value: unknown) => Math.abs(Number(value) - (first?.prediction ?? Number.NaN)) < 1e-9
        return fields({ prediction: same })(body)
      },
    },
  },
  { name: 'a request without features is refused', method: 'POST', path, body: { other: 1 }, expect: refused },
  { name: 'an empty request is refused', method: 'POST', path, expect: refused },
  { name: 'features that are no numbers are refused', method: 'POST', path, body: { features: [1, 'two'] }, expect: refused },
  {
    name: 'it predicts for many rows at once',
    method: 'POST',
    path,
    body: { instances: [[5.1, 3.5, 1.4, 0.2], [-1]] },
    expect: { status: 200, body: fields({ predictions: twoProbabilities }) },
  },
  { name: 'the model is ready', path: '/ready', expect: { status: 200, body: fields({ status: 'ready' }) } },
  { name: 'it speaks the Open Inference Protocol', path: '/v2/health/ready', expect: { status: 200, body: fields({ ready: true }) } },
  {
    name: 'malformed JSON is refused',
    method: 'POST',
    path,
    body: '{"features": [1',
    expect: { status: 400, body: fields({ error: /JSON/ }) },
  },
  { name: 'reading /predict is refused', path, expect: { status: 405, body: fields({ error: /POST/ }) } },
  {
    name: 'it counts predictions',
    path: '/metrics',
    expect: { status: 200, body: (body) => holdsMetrics(body, 'ml_predictions_total', 'ml_prediction_duration_seconds') },
  },
]

export default checks
