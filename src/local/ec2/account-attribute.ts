import type { EC2 } from '@aws-sdk/client-ec2'
import type { Actions } from '../cloud.ts'
import { appliedValue, quotas } from '../quotas/quota.ts'

export const accountAttributeActions = {
  /** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeAccountAttributes.html */
  DescribeAccountAttributes({ AttributeNames = [] }, { cloud: { store } }) {
    const addresses = String(appliedValue(store, quotas.addresses))
    const attributes = {
      'supported-platforms': 'VPC',
      'default-vpc': 'none',
      // AWS keeps it for old clients only: what it enforces is the quota of vCPUs.
      'max-instances': '20',
      'max-elastic-ips': addresses,
      'vpc-max-elastic-ips': addresses,
      'vpc-max-security-groups-per-interface': '5',
    }
    const wanted = Object.entries(attributes).filter(([name]) => AttributeNames.length === 0 || (AttributeNames as string[]).includes(name))
    return {
      AccountAttributes: wanted.map(([AttributeName, AttributeValue]) => ({ AttributeName, AttributeValues: [{ AttributeValue }] })),
    }
  },
} satisfies Actions<EC2>
