import { join } from 'node:path'
import { parseReference } from '../../../../image/registry/reference.ts'
import { readWhole } from '../../../files/whole.ts'
import type { Docker } from '../docker.ts'
import { daemon } from '../refusal.ts'
import type { EngineCall } from '../socket/engine-call.ts'

/** Gets an image with the login that docker's own config names for its registry. */
export async function pullImage(docker: Docker, call: EngineCall, text: string, progress: (line: string) => void): Promise<void> {
  const { tag, digest: wanted, repository } = parseReference(text)
  const authorization = docker.images.find(text) && wanted ? undefined : await authorizationFor(docker, call, text)
  progress(`${wanted ?? tag}: Pulling from ${repository}`)
  const { digest, fresh } = await docker.images.pull(text, authorization, progress)
  progress(`Digest: ${digest}`)
  progress(`Status: ${fresh ? 'Downloaded newer image' : 'Image is up to date'} for ${text}`)
}

/**
 * What a registry is told for this image: what the credential helper says that the config file names for it. That file
 * is in `DOCKER_CONFIG`, else in `.docker` at home; without a home, which is the case for the agent's scripts, that is
 * root's. Of helpers there is that of ECR, which is asked without a detour through its command.
 *
 * @returns `Basic …`, or undefined where there is no login
 * @throws Refusal for another helper, or when there is no password
 */
async function authorizationFor({ ecrLogin }: Docker, { env }: EngineCall, image: string): Promise<string | undefined> {
  const folder = env.DOCKER_CONFIG ?? join(env.HOME ?? env.MLOPS_ROOT ?? '/root', '.docker')
  const config = readWhole<{ credHelpers?: Record<string, string> }>(join(folder, 'config.json'))
  const helper = config?.credHelpers?.[new URL(parseReference(image).origin).host]
  if (helper === undefined) return undefined
  if (helper !== 'ecr-login') throw daemon(`error getting credentials: the stand-in for docker does not know docker-credential-${helper}`)
  const { user, secret } = await ecrLogin.password().catch((error: Error) => {
    throw daemon(`error getting credentials - docker-credential-ecr-login: ${error.message}`)
  })
  return `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`
}
