import { createHash, createHmac } from 'node:crypto'
import { type InstanceFolder, readWhole, type Settings, type StoredCredentials } from '../folder.ts'
import type { EngineCall } from './engine-call.ts'

/** Answers for `docker-credential-ecr-login`, the helper of Amazon Linux's package amazon-ecr-credential-helper. */
export interface EcrLogin {
  answer(call: EngineCall): Promise<number>
}

/**
 * The helper asks for a password with the credentials of the instance's role and keeps it while it is valid, as the real one does.
 */
export function createEcrLogin(folder: InstanceFolder, settings: Settings): EcrLogin {
  let kept: { key: string; user: string; secret: string; until: number } | undefined

  const login = async () => {
    const credentials = readWhole<StoredCredentials>(folder.credentials)
    if (!credentials) throw new Error('no EC2 IMDS role found')
    if (kept?.key === credentials.AccessKeyId && kept.until > Date.now()) return kept
    const body = '{}'
    const headers = sign(settings, credentials, 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken', body)
    const response = await fetch(settings.endpoint, { method: 'POST', headers, body })
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

/** The headers of a signed call in JSON 1.1: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
export function sign(
  settings: Settings,
  credentials: StoredCredentials,
  target: string,
  body: string,
  now = new Date(),
): Record<string, string> {
  const stamp = now.toISOString().replace(/[-:]|\.\d{3}/g, '')
  const scope = `${stamp.slice(0, 8)}/${settings.region}/ecr/aws4_request`
  const signed: Record<string, string> = {
    'content-type': 'application/x-amz-json-1.1',
    host: new URL(settings.endpoint).host,
    'x-amz-date': stamp,
    'x-amz-security-token': credentials.Token,
    'x-amz-target': target,
  }
  const names = Object.keys(signed).join(';')
  const lines = Object.entries(signed).map(([name, value]) => `${name}:${value}\n`)
  const canonical = `POST\n/\n\n${lines.join('')}\n${names}\n${sha256(body)}`
  const text = `AWS4-HMAC-SHA256\n${stamp}\n${scope}\n${sha256(canonical)}`
  const key = scope.split('/').reduce<string | Buffer>((secret, part) => hmac(secret, part), `AWS4${credentials.SecretAccessKey}`)
  const signature = hmac(key, text).toString('hex')
  const authorization = `AWS4-HMAC-SHA256 Credential=${credentials.AccessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`
  return { ...signed, authorization }
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
