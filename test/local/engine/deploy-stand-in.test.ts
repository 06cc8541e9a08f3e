// time limit: 400 s
import { launchesOn } from './deploy.fixture.ts'

await launchesOn('stand-in')
