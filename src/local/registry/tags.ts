import type { ServerResponse } from 'node:http'
import { pageAfter } from '../api/paging.ts'
import type { Cloud } from '../cloud.ts'
import type { Exchange } from './exchange.ts'
import { Refusal } from './refusal.ts'
import { imagesOf } from './repository.ts'

/** The tags of a repository in lexical order, `?n=` at a time, from behind `?last=`. */
export function listTags({ cloud, res, url, name }: Exchange): void {
  const tags = imagesOf(cloud.store, name).flatMap((image) => image.imageTags)
  const { page, next } = pageOf(tags, url)
  answer(res, { name, tags: page }, next)
}

/** The names of all repositories, in pages likewise. */
export function listRepositories(cloud: Cloud, url: URL, res: ServerResponse): void {
  const names = cloud.store.list('repository').map((repository) => repository.repositoryName)
  const { page, next } = pageOf(names, url)
  answer(res, { repositories: page }, next)
}

function pageOf(names: readonly string[], url: URL): { page: string[]; next: string | undefined } {
  const wanted = url.searchParams.get('n') ?? '1000'
  if (!/^\d{1,6}$/.test(wanted)) throw new Refusal('PAGINATION_NUMBER_INVALID', `n=${wanted} is not a number of names`)
  const { items, NextToken: next } = pageAfter(names, (name) => name, Number(wanted), url.searchParams.get('last') ?? '')
  return { page: items, next: next && `${url.pathname}?n=${wanted}&last=${encodeURIComponent(next)}` }
}

function answer(res: ServerResponse, body: object, next: string | undefined): void {
  const text = JSON.stringify(body)
  const link = next && { link: `<${next}>; rel="next"` }
  res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...link }).end(text)
}
