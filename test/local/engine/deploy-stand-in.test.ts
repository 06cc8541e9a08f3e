// time limit: 240 s
import { launchesOn } from './deploy.fixture.ts'

await launchesOn('stand-in')
