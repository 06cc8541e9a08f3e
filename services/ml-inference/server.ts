import { run } from '../kit/run.ts'
import { createApp } from './app.ts'

await run({ name: 'ml-inference', port: 8001 }, createApp)
