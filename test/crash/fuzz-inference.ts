import { inferenceFuzz } from '../../services/ml-inference/bodies.fixture.ts'
import { fuzzService } from './fuzz.fixture.ts'

await fuzzService('ml-inference', {}, inferenceFuzz)
