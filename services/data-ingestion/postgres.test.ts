// time limit: 180 s
import postgres from 'postgres'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Child, startChild, stopChild, written } from '../kit/child.fixture.ts'
import { runSmoke } from '../kit/smoke.ts'
import { append, contract, recordsOf } from './contract.fixture.ts'
import { postgresPrograms, type Server, startPostgres } from './postgres.fixture.ts'
import { openPostgres } from './postgres.ts'
import checks from './smoke.ts'
import { StoreUnavailableError } from './store.ts'

const entry = `${import.meta.dirname}/server.ts`
const programs = postgresPrograms()

if (programs) {
  let server: Server
  let name = ''
  let count = 0

  test.before(async () => {
    // A server that acknowledges before it writes, to see that the service does not.
    server = await startPostgres(programs, { synchronous_commit: 'off', max_connections: '40' })
  })

  test.before.each(() => {
    name = `ingestion-${++count}`
  })

  test.after(() => server.remove())

  /** Runs `work` against a service on the server. */
  const running = async (work: (child: Child) => Promise<void>) => {
    const child = await startChild(entry, { DATABASE_URL: server.url, SERVICE_NAME: name })
    try {
      await work(child)
    } finally {
      await stopChild(child)
    }
  }

  const ingest = async (child: Child, body: string, headers: Record<string, string> = {}): Promise<[number, Record<string, unknown>]> => {
    const response = await fetch(`${child.address}/ingest`, { method: 'POST', body, headers })
    return [response.status, (await response.json()) as Record<string, unknown>]
  }

  contract(test, () => openPostgres(server.url, { name }))

  test('all smoke checks pass on PostgreSQL', () =>
    running(async (child) => {
      const results = await runSmoke({ address: child.address!, service: name, checks })
      assert.equal(
        results.filter(({ ok }) => !ok),
        [],
      )
    }))

  test('several services share one database: numbers without gaps, keys kept once, whoever comes first', async () => {
    const stores = await Promise.all([1, 2, 3].map(() => openPostgres(server.url, { name })))
    const work = stores.flatMap((store) =>
      Array.from({ length: 60 }, (_, number) =>
        store.append(append(number, number % 3 ? {} : { claim: { key: `k${number}`, fingerprint: 'f' } })),
      ),
    )
    const kept = await Promise.all(work)
    assert.is(kept.filter(({ repeated }) => repeated).length, 40)
    assert.is((await stores[0]!.page(1))?.total, 140)
    const records = await recordsOf(stores[0]!, 1000)
    assert.is(new Set(records.map(({ id }) => id)).size, 140)
    for (const store of stores) await store.close()
  })

  test('a commit waits for the disk, whatever the server is set to', async () => {
    const store = await openPostgres(server.url, { name })
    const sql = postgres(server.url, { max: 1 })
    await sql.unsafe(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN IF current_setting('synchronous_commit') = 'off' THEN RAISE 'it does not wait'; END IF; RETURN NEW; END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON ${name.replace('-', '_')}.record FOR EACH ROW EXECUTE FUNCTION refuse()`)
    await store.append(append(1))
    await sql.end()
    await store.close()
  })

  test('a server that ends and comes back: 503 in between, then all is there that was acknowledged', () =>
    running(async (child) => {
      const [, { id }] = await ingest(child, '{"a":1}')
      await server.kill()
      const [status, { error }] = await ingest(child, '{"a":2}')
      assert.is(status, 503)
      assert.match(String(error), 'The database cannot be reached')
      assert.is((await fetch(`${child.address}/data`)).status, 503)
      assert.is((await fetch(`${child.address}/data/${id}`)).status, 503)
      const ready = await fetch(`${child.address}/ready`)
      assert.is(ready.status, 503)
      assert.equal(((await ready.json()) as { reasons: string[] }).reasons, ['the database does not answer'])
      const lines = await fetch(`${child.address}/ingest`, {
        method: 'POST',
        body: '{"a":1}\n{"a":2}\n',
        headers: { 'content-type': 'application/x-ndjson' },
      })
      assert.is(lines.status, 503)
      await server.start()
      while ((await ingest(child, '{"a":3}'))[0] !== 201);
      assert.is((await fetch(`${child.address}/data/${id}`)).status, 200)
      assert.is((await fetch(`${child.address}/ready`)).status, 200)
    }))

  test('a server that is not there is one clear line and exit code 1, without the password', async () => {
    const url = 'postgres://someone:swordfish@127.0.0.1:1/none'
    await openPostgres(url, { name, patience: 0.3 }).then(
      () => assert.unreachable(),
      (error) => assert.match(error.message, /^The database of DATABASE_URL cannot be used: connect ECONNREFUSED 127\.0\.0\.1:1$/),
    )
    await openPostgres(server.url.replace(/postgres$/, 'no_such_database'), { name }).then(
      () => assert.unreachable(),
      (error) => assert.match(error.message, 'database "no_such_database" does not exist'),
    )
    const child = await startChild(entry, { DATABASE_URL: 'mysql://someone:swordfish@host/db' })
    assert.is(await child.end, 1)
    await written(child, 'DATABASE_URL is no URL of a PostgreSQL database')
    assert.not.match(child.output(), 'swordfish')
  })

  test('a store whose server is gone says so to those who wait', async () => {
    const store = await openPostgres(server.url, { name })
    await server.kill()
    const outcomes = await Promise.allSettled([store.append(append(1)), store.append(append(2))])
    for (const outcome of outcomes) assert.instance((outcome as PromiseRejectedResult).reason, StoreUnavailableError)
    await server.start()
    await store.close()
  })

  test('a second start migrates nothing anew, and many at once migrate once', async () => {
    const stores = await Promise.all(Array.from({ length: 4 }, () => openPostgres(server.url, { name })))
    for (const store of stores) await store.close()
    const sql = postgres(server.url, { max: 1 })
    assert.equal(
      [...(await sql`SELECT number FROM ${sql(name.replace('-', '_'))}.migration`)].map(({ number }) => number),
      [1, 2],
    )
    await sql.end()
  })
} else {
  test('PostgreSQL is not installed, and the run says so', () => assert.is(programs, undefined))
}

test.run()
