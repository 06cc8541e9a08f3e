import type { Config, Service } from './config.ts'

/** The secret that the first deploy makes up: who has it gets into every service of the stage that demands a token. */
export const serviceToken = 'service-token'

/**
 * What of a service is shown only to those who have the token: everything where the config says so; the metrics of
 * whatever can be reached from outside; nothing where nobody outside can ask.
 */
export function guardOf({ auth, expose }: Pick<Service, 'auth' | 'expose'>): 'nothing' | 'metrics' | 'everything' {
  if (auth === 'token') return 'everything'
  return expose === 'nobody' ? 'nothing' : 'metrics'
}

/**
 * Whether the stage has a token at all: where a service demands one, or where Prometheus needs one to see metrics that
 * others shall not see. Guarded metrics that no Prometheus asks for are shown to nobody.
 */
export function hasToken({ services, monitoring }: Pick<Config, 'services' | 'monitoring'>): boolean {
  return services.some((service) => guardOf(service) === 'everything' || (monitoring.prometheus && guardOf(service) === 'metrics'))
}
