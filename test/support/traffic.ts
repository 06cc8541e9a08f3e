/** Requests of users to every service: good ones, and some that are refused. */
export async function traffic(addresses: ReadonlyMap<string, string>): Promise<void> {
  const post = async (service: string, path: string, body: unknown) => {
    const address = addresses.get(service)
    if (!address) return
    const headers = { 'content-type': 'application/json' }
    await (await fetch(`${address}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })).arrayBuffer()
  }
  await Promise.all([
    // Enough rows a second for drift to be judged soon.
    ...Array.from({ length: 20 }, (_, row) => post('ml-inference', '/predict', { features: [row / 20, 1, 2, 3] })),
    post('ml-inference', '/predict', { features: ['none'] }),
    post('data-ingestion', '/ingest', { sensor: 'a', value: Math.random() }),
    post('data-ingestion', '/ingest', {}),
  ])
}

/**
 * The names of the series that a target shows or, where it has had no occasion yet, declares.
 *
 * @param token what it demands; nothing where nothing is said
 */
export async function exported(url: string, token?: string): Promise<string[]> {
  const text = await (await fetch(url, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })).text()
  const declared = [...text.matchAll(/^# TYPE (\S+) (\w+)$/gm)].flatMap(([, name, type]) =>
    type === 'histogram' ? ['bucket', 'sum', 'count'].map((part) => `${name}_${part}`) : [name!],
  )
  return [...declared, ...[...text.matchAll(/^([a-zA-Z_:][\w:]*)[{ ]/gm)].map(([, name]) => name!)]
}
