// time limit: 400 s
import { test } from 'uvu'
import { launchesOn } from './deploy.fixture.ts'
import { noEngine } from './engine.fixture.ts'

if (noEngine === undefined) await launchesOn('docker')
else test(`a deploy is not tested with a real engine: ${noEngine}`, () => undefined)

test.run()
