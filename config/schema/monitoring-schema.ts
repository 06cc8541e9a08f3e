import * as z from 'zod'
import { measures } from './objectives.ts'
import { base, duration, expose, memoryMiB, oneOf, port, secret, text, value } from './values.ts'

const ratio = value<number>(
  (given) => typeof given === 'number' && given > 0 && given < 1,
  'a share between 0 and 1 such as 0.995: an objective of 1 has no budget for errors',
)

const latency = z.strictObject(
  {
    p: ratio.optional(),
    seconds: value<number>((given) => typeof given === 'number' && given > 0, 'a number of seconds such as 0.25').optional(),
  },
  { error: 'an object such as { p: 0.99, seconds: 0.25 }' },
)

/** The shape of a service's `slo`. */
export const slo = z.union(
  [z.literal(false), z.strictObject({ availability: ratio.optional(), latency: latency.optional() }, { error: 'an object' })],
  {
    error: 'false or an object such as { availability: 0.995, latency: { p: 0.99, seconds: 0.25 } }',
  },
)

/** The shape of a service's `measures`. */
export const measured = z.array(oneOf(...measures), { error: `a list of ${measures.map((name) => `"${name}"`).join(' and ')}` })

const server = z.union(
  [
    z.literal(false),
    z.strictObject({ port: port.optional(), base: base.optional(), memoryMiB: memoryMiB.optional() }, { error: 'an object' }),
  ],
  { error: 'false or an object such as { port: 9090 }' },
)

const url = text(/^https?:\/\/[^\s/]+/, 'a URL such as "https://hooks.example.com/alerts"')
const urlOrSecret = z.union([url, secret], { error: 'a URL such as "https://hooks.example.com/alerts", or a secret' })
const address = text(/^[^\s@]+@[^\s@]+$/, 'an e-mail address')

const alerts = z.strictObject(
  {
    slack: z
      .strictObject(
        { url: urlOrSecret, channel: text(/^[#@]?\S+$/, 'a channel such as "#alerts"').optional() },
        { error: 'an object such as { url }' },
      )
      .optional(),
    webhook: z.strictObject({ url: urlOrSecret, token: secret.optional() }, { error: 'an object such as { url }' }).optional(),
    email: z
      .strictObject(
        {
          to: z.union([address, z.array(address)], { error: 'an e-mail address or a list of them' }),
          from: address,
          smarthost: text(/^[^\s:]+:\d{1,5}$/, 'the SMTP server as "HOST:PORT"'),
          username: text(/./, 'a user name').optional(),
          password: secret.optional(),
        },
        { error: 'an object such as { to, from, smarthost }' },
      )
      .optional(),
    heartbeat: urlOrSecret.optional(),
    runbooks: text(/^\S+$/, 'a URL or path without spaces').optional(),
    settle: duration('1s', '1h', '3m').optional(),
  },
  { error: 'an object such as { webhook: { url: "https://hooks.example.com/alerts" } }' },
)

/** The shape of `monitoring`. */
export const monitoring = z.union(
  [
    z.literal(false),
    z.strictObject(
      {
        prometheus: server.optional(),
        grafana: server.optional(),
        alertmanager: server.optional(),
        nodeExporter: server.optional(),
        expose: expose.optional(),
        scrapeInterval: duration('500ms', '1m', '15s').optional(),
        retention: duration('1h', '10y', '30d').optional(),
        alerts: alerts.optional(),
      },
      { error: 'an object' },
    ),
  ],
  { error: 'false or an object such as { expose: "nobody" }' },
)
