import type { DescribeAccountAttributesRequest, DescribeAccountAttributesResult } from '@aws-sdk/client-ec2'

/** A new account's limits per region: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html */
export const quotas = { vpcs: 5, addresses: 5, instances: 20 } as const

export const quotaActions = {
  DescribeAccountAttributes({ AttributeNames }: DescribeAccountAttributesRequest): DescribeAccountAttributesResult {
    const attributes = {
      'supported-platforms': 'VPC',
      'default-vpc': 'none',
      'max-instances': String(quotas.instances),
      'max-elastic-ips': String(quotas.addresses),
      'vpc-max-elastic-ips': String(quotas.addresses),
      'vpc-max-security-groups-per-interface': '5',
    }
    const wanted = Object.entries(attributes).filter(([name]) => !AttributeNames?.length || (AttributeNames as string[]).includes(name))
    return {
      AccountAttributes: wanted.map(([AttributeName, AttributeValue]) => ({ AttributeName, AttributeValues: [{ AttributeValue }] })),
    }
  },
}
