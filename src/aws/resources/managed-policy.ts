/** One of AWS's own policies: its name, and the same rights as a document for control planes that do not have it. */
export interface ManagedPolicy {
  readonly name: string
  readonly document: object
}

/** Where a partition has it. */
export function arnOf({ name }: Pick<ManagedPolicy, 'name'>, partition: string): string {
  return `arn:${partition}:iam::aws:policy/${name}`
}

const ssm = [
  'DescribeAssociation',
  'DescribeDocument',
  'GetDeployablePatchSnapshotForInstance',
  'GetDocument',
  'GetManifest',
  'GetParameter',
  'GetParameters',
  'ListAssociations',
  'ListInstanceAssociations',
  'PutComplianceItems',
  'PutConfigurePackageResult',
  'PutInventory',
  'UpdateAssociationStatus',
  'UpdateInstanceAssociationStatus',
  'UpdateInstanceInformation',
]
const channels = ['CreateControlChannel', 'CreateDataChannel', 'OpenControlChannel', 'OpenDataChannel']
const messages = ['AcknowledgeMessage', 'DeleteMessage', 'FailMessage', 'GetEndpoint', 'GetMessages', 'SendReply']

/**
 * What the SSM agent needs: registering, Run Command, sessions.
 * https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonSSMManagedInstanceCore.html
 */
export const managedInstanceCore: ManagedPolicy = {
  name: 'AmazonSSMManagedInstanceCore',
  document: {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: ssm.map((action) => `ssm:${action}`), Resource: '*' },
      { Effect: 'Allow', Action: channels.map((action) => `ssmmessages:${action}`), Resource: '*' },
      { Effect: 'Allow', Action: messages.map((action) => `ec2messages:${action}`), Resource: '*' },
    ],
  },
}
