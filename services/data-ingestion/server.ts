import { run } from '../kit/run.ts'
import { createApp } from './app.ts'

await run({ name: 'data-ingestion', port: 8002 }, createApp)
