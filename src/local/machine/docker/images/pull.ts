import { parseReference } from '../../../../image/registry/reference.ts'
import type { Docker } from '../docker.ts'
import type { EngineCall } from '../socket/engine-call.ts'
import { authorizationFor } from './credentials.ts'

/** Gets an image with whatever login the command's environment leads to. */
export async function pullImage(docker: Docker, call: EngineCall, text: string, progress: (line: string) => void): Promise<void> {
  const { tag, digest: wanted, repository } = parseReference(text)
  const authorization = docker.images.find(text) && wanted ? undefined : await authorizationFor(text, call.env)
  progress(`${wanted ?? tag}: Pulling from ${repository}`)
  const { digest, fresh } = await docker.images.pull(text, authorization, progress)
  progress(`Digest: ${digest}`)
  progress(`Status: ${fresh ? 'Downloaded newer image' : 'Image is up to date'} for ${text}`)
}
