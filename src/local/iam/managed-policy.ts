import type { IAM } from '@aws-sdk/client-iam'
import { type Actions, refuse } from '../cloud.ts'
import { noSuchEntity } from './name.ts'
import type { PolicyDocument } from './policy.ts'

interface ManagedPolicy {
  readonly name: string
  readonly id: string
  readonly document: PolicyDocument
}

/**
 * The managed policies of AWS that this cloud has, with what they allow.
 * https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonSSMManagedInstanceCore.html
 */
const managed: Readonly<Record<string, ManagedPolicy>> = {
  'arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore': {
    name: 'AmazonSSMManagedInstanceCore',
    id: 'ANPAIXSHM2BNB2D3AXXRU',
    document: {
      Statement: [
        allow('ssm', 'DescribeAssociation GetDeployablePatchSnapshotForInstance GetDocument DescribeDocument GetManifest GetParameter'),
        allow('ssm', 'GetParameters ListAssociations ListInstanceAssociations PutInventory PutComplianceItems'),
        allow('ssm', 'PutConfigurePackageResult UpdateAssociationStatus UpdateInstanceAssociationStatus UpdateInstanceInformation'),
        allow('ssmmessages', 'CreateControlChannel CreateDataChannel OpenControlChannel OpenDataChannel'),
        allow('ec2messages', '*'),
      ],
    },
  },
}

/** A statement that allows actions of a service on everything. */
function allow(service: string, names: string) {
  return { Effect: 'Allow' as const, Action: names.split(' ').map((name) => `${service}:${name}`), Resource: '*' }
}

/** The managed policy with this ARN. Throws ApiError NoSuchEntity. */
export function findManaged(arn: string): ManagedPolicy {
  const policy = Object.hasOwn(managed, arn) ? managed[arn] : undefined
  return policy ?? refuse(noSuchEntity(`Policy ${arn} does not exist or is not attachable.`))
}

export const managedPolicyActions = {
  GetPolicy({ PolicyArn = '' }) {
    const { name, id } = findManaged(PolicyArn)
    return { Policy: { PolicyName: name, PolicyId: id, Arn: PolicyArn, Path: '/', DefaultVersionId: 'v2', IsAttachable: true, Tags: [] } }
  },
} satisfies Actions<IAM>
