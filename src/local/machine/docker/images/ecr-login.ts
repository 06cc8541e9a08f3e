import { text } from 'node:stream/consumers'
import { sign } from '../../../api/signature.ts'
import { readWhole } from '../../../files/whole.ts'
import type { InstanceFolder, Settings, StoredCredentials } from '../../folder.ts'
import type { EngineCall } from '../socket/engine-call.ts'

const target = 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken'

/**
 * Answers for `docker-credential-ecr-login`, the helper of Amazon Linux's package amazon-ecr-credential-helper: it asks
 * for a password with the credentials of the instance's role and keeps it while it is valid, as the real one does.
 */
export function createEcrLogin(folder: InstanceFolder, settings: Settings) {
  let kept: { key: string; user: string; secret: string; until: number } | undefined

  /** @throws Error where the instance has no role, or ECR gives it none */
  const password = async () => {
    const credentials = readWhole<StoredCredentials>(folder.credentials)
    if (!credentials) throw new Error('no EC2 IMDS role found')
    if (kept?.key === credentials.AccessKeyId && kept.until > Date.now()) return kept
    const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: token } = credentials
    const also = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target }
    const request = { method: 'POST', url: '/', host: new URL(settings.endpoint).host, also, body: '{}' }
    const signed = sign(request, { credentials: { accessKeyId, secretAccessKey, token }, region: settings.region, service: 'ecr' })
    const response = await fetch(settings.endpoint, { method: 'POST', headers: signed, body: request.body })
    const said = await response.text()
    if (!response.ok) throw new Error(`ECR: GetAuthorizationToken: ${response.status} ${said}`)
    const [data] = JSON.parse(said).authorizationData as { authorizationToken: string; expiresAt: number }[]
    const [user = '', secret = ''] = Buffer.from(data!.authorizationToken, 'base64').toString().split(/:(.*)/s)
    // Asked for anew after half of its 12 hours, as the real helper does.
    kept = { key: credentials.AccessKeyId, user, secret, until: (Date.now() + data!.expiresAt * 1000) / 2 }
    return kept
  }

  /** One call of the program; resolves to its exit code. */
  const answer = async (call: EngineCall): Promise<number> => {
    const say = (text: string, code: number) => {
      call.out(`${text}\n`)
      return code
    }
    const [verb] = call.args
    if (verb === 'list') return say('{}', 0)
    if (verb !== 'get') return say('not implemented', 1)
    const server = await text(call.input())
    try {
      const { user, secret } = await password()
      return say(JSON.stringify({ ServerURL: server.trim(), Username: user, Secret: secret }), 0)
    } catch (error) {
      return say((error as Error).message, 1)
    }
  }

  return { password, answer }
}
