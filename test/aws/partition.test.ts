import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { partitionOf } from '../../src/aws/partition.ts'

test('every region belongs to a partition', () => {
  const regions = [
    'eu-west-1',
    'us-gov-west-1',
    'cn-north-1',
    'us-iso-east-1',
    'us-isob-east-1',
    'eu-isoe-west-1',
    'us-isof-south-1',
    'eusc-de-east-1',
  ]
  assert.equal(regions.map(partitionOf), ['aws', 'aws-us-gov', 'aws-cn', 'aws-iso', 'aws-iso-b', 'aws-iso-e', 'aws-iso-f', 'aws-eusc'])
})

test.run()
