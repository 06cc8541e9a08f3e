import { sign } from '../../../api/signature.ts'
import { type InstanceFolder, readWhole, type Settings, type StoredCredentials } from '../../folder.ts'
import type { EngineCall } from '../socket/engine-call.ts'

/** Answers for `docker-credential-ecr-login`, the helper of Amazon Linux's package amazon-ecr-credential-helper. */
export interface EcrLogin {
  answer(call: EngineCall): Promise<number>
}

const target = 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken'

/**
 * The helper asks for a password with the credentials of the instance's role and keeps it while it is valid, as the
 * real one does.
 */
export function createEcrLogin(folder: InstanceFolder, settings: Settings): EcrLogin {
  let kept: { key: string; user: string; secret: string; until: number } | undefined

  const login = async () => {
    const credentials = readWhole<StoredCredentials>(folder.credentials)
    if (!credentials) throw new Error('no EC2 IMDS role found')
    if (kept?.key === credentials.AccessKeyId && kept.until > Date.now()) return kept
    const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: token } = credentials
    const also = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target }
    const request = { method: 'POST', url: '/', host: new URL(settings.endpoint).host, also, body: '{}' }
    const signed = sign(request, { credentials: { accessKeyId, secretAccessKey, token }, region: settings.region, service: 'ecr' })
    const response = await fetch(settings.endpoint, { method: 'POST', headers: signed, body: request.body })
    const text = await response.text()
    if (!response.ok) throw new Error(`ECR: GetAuthorizationToken: ${response.status} ${text}`)
    const [data] = JSON.parse(text).authorizationData as { authorizationToken: string; expiresAt: number }[]
    const [user = '', secret = ''] = Buffer.from(data!.authorizationToken, 'base64').toString().split(/:(.*)/s)
    // Asked for anew after half of its 12 hours, as the real helper does.
    kept = { key: credentials.AccessKeyId, user, secret, until: (Date.now() + data!.expiresAt * 1000) / 2 }
    return kept
  }

  return {
    async answer(call) {
      const [verb] = call.args
      if (verb === 'list') {
        call.out('{}\n')
        return 0
      }
      if (verb !== 'get') {
        call.out('not implemented\n')
        return 1
      }
      let server = ''
      for await (const chunk of call.input()) server += chunk
      try {
        const { user, secret } = await login()
        call.out(`${JSON.stringify({ ServerURL: server.trim(), Username: user, Secret: secret })}\n`)
        return 0
      } catch (error) {
        call.out(`${(error as Error).message}\n`)
        return 1
      }
    },
  }
}
