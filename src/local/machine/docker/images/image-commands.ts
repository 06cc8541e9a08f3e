import type { Docker } from '../docker.ts'
import { parse } from '../flags.ts'
import { daemon } from '../refusal.ts'
import type { EngineCall } from '../socket/engine-call.ts'
import { listFlags, rows } from '../template.ts'
import type { LocalImage } from './images.ts'
import { pullImage } from './pull.ts'

/** `docker pull`. */
export async function pull(docker: Docker, call: EngineCall): Promise<number> {
  const { values, rest } = parse('pull', call.args, { quiet: { type: 'boolean', short: 'q' } }, [1, 1])
  const [text = ''] = rest
  await pullImage(docker, call, text, (line) => values.quiet || call.out(`${line}\n`))
  call.out(`${text}\n`)
  return 0
}

/** `docker images`. */
export function images(docker: Docker, call: EngineCall): number {
  const { values } = parse('images', call.args, listFlags, [0, 0])
  const items = docker.images.list().flatMap((image) =>
    [...image.tags, ...image.digests].map((name) => {
      const [, Repository = '', Tag = '<none>', Digest = '<none>'] = /^(.*?)(?::([^/@]*))?(?:@(.*))?$/.exec(name) ?? []
      const Size = `${(image.size / 1e6).toPrecision(3)}MB`
      return { Repository, Tag, Digest, ID: shortId(image), Size }
    }),
  )
  call.out(rows(items, values, { Repository: 'REPOSITORY', Tag: 'TAG', ID: 'IMAGE ID', Size: 'SIZE' }))
  return 0
}

/** `docker rmi`. */
export function rmi(docker: Docker, call: EngineCall): number {
  const { rest } = parse('rmi', call.args, {}, [1])
  for (const text of rest) {
    const image = docker.images.find(text)
    if (!image) throw daemon(`No such image: ${text}`)
    const user = docker.containers.list().find(({ record }) => record.imageId === image.id)
    if (user)
      throw daemon(
        `conflict: unable to remove repository reference "${text}" - container ${user.record.id.slice(0, 12)} is using its referenced image ${shortId(image)}`,
      )
    docker.images.remove(image, image.id.includes(text) ? undefined : text)
    call.out(`Untagged: ${text}\n`)
    if (!docker.images.find(image.id)) call.out(`Deleted: ${image.id}\n`)
  }
  return 0
}

function shortId({ id }: LocalImage): string {
  return id.slice('sha256:'.length).slice(0, 12)
}
