import type { Config, Service } from './config.ts'

/** The secret that the first deploy makes up: who has it gets into every service of the stage that demands a token. */
export const serviceToken = 'service-token'

/**
 * What of a service is shown only to those who have the token: everything where the config says so; the metrics of
 * whatever can be reached from outside, but for the machine's own network; nothing where nobody outside can ask.
 */
export function guardOf({ auth, expose }: Pick<Service, 'auth' | 'expose'>): 'nothing' | 'metrics' | 'everything' {
  if (auth === 'token') return 'everything'
  return expose === 'nobody' ? 'nothing' : 'metrics'
}

/**
 * Whether the stage has a token at all: where a service demands one. Guarded metrics take it too then, from whoever is
 * not on the machine's own network.
 */
export function hasToken({ services }: Pick<Config, 'services'>): boolean {
  return services.some((service) => guardOf(service) === 'everything')
}
