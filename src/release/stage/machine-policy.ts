import { repositoryName } from '../../aws/resources/repository.ts'
import { ownerOf, parameterPath, type StageId } from './names.ts'

/**
 * What a machine of the stage may do beyond talking to Systems Manager: pull the stage's images and read the stage's
 * secrets. The managed policy that the agent needs (AmazonSSMManagedInstanceCore) lets its holder read every parameter
 * of the account, so what is not the stage's own is denied again.
 * @param partition what ARNs begin with there: `aws`, `aws-cn`
 */
export function machinePolicy(id: StageId, partition: string): object {
  const secrets = `arn:${partition}:ssm:*:*:parameter${parameterPath(id)}/secrets/*`
  return {
    Version: '2012-10-17',
    Statement: [
      { Sid: 'LogInToTheRegistry', Effect: 'Allow', Action: 'ecr:GetAuthorizationToken', Resource: '*' },
      {
        Sid: 'PullImages',
        Effect: 'Allow',
        Action: ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
        Resource: `arn:${partition}:ecr:*:*:repository/${repositoryName(ownerOf(id))}`,
      },
      { Sid: 'ReadSecrets', Effect: 'Allow', Action: ['ssm:GetParameter', 'ssm:GetParameters'], Resource: secrets },
      {
        Sid: 'ReadNothingElse',
        Effect: 'Deny',
        Action: ['ssm:GetParameter', 'ssm:GetParameters', 'ssm:GetParametersByPath', 'ssm:GetParameterHistory'],
        NotResource: secrets,
      },
    ],
  }
}
