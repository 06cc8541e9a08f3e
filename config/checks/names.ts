import type { Diagnostics } from '../diagnostics.ts'
import { type Draft, servicesOf } from '../draft.ts'

/**
 * Lowercase words joined by single hyphens: what ECR repository names, IAM role names, DNS labels and shell scripts all
 * take as it is.
 */
const shape = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/

/**
 * The longest names. A role is named after app and stage and has at most 64 characters (IAM, CreateRole), which leaves
 * 15 for what follows; a repository (ECR: 256) and a security group (EC2: 255) then fit as well; a service's name is
 * also a host name (63).
 */
export const longest = { app: 32, stage: 16, service: 32 } as const

/** Names of our own containers and of the folder that the services share. */
const takenServices = ['prometheus', 'grafana', 'alertmanager', 'node-exporter', 'secrets', 'kit']

/** A name of this kind in words, for messages. */
export function nameRule(kind: keyof typeof longest): string {
  return `at most ${longest[kind]} lowercase letters, digits and single hyphens, starting with a letter`
}

export function isName(kind: keyof typeof longest, name: string): boolean {
  return name.length <= longest[kind] && shape.test(name)
}

/** Finds names that AWS would refuse or that something else has. */
export function checkNames(config: Draft, diagnostics: Diagnostics): void {
  const { app } = config
  if (app !== undefined) {
    if (!isName('app', app)) diagnostics.value(['app'], app, nameRule('app'))
    // EC2 refuses security group names that start with `sg-`; Parameter Store refuses names that start with `aws` or
    // `ssm`.
    else if (/^(aws|ssm|sg$|sg-)/.test(app))
      diagnostics.value(['app'], app, 'a name that does not start with "aws", "ssm" or "sg-", which AWS keeps to itself')
  }
  for (const name of Object.keys(config.services ?? {})) {
    const path = ['services', name]
    if (takenServices.includes(name))
      diagnostics.value(path, name, `another name: ${takenServices.join(', ')} are taken by the project itself`)
    else if (!isName('service', name)) diagnostics.value(path, name, nameRule('service'))
  }
}

/** Finds environment variables that no shell could name or that every service gets from us. */
export function checkEnvironment(config: Draft, diagnostics: Diagnostics): void {
  for (const [service, { environment }] of servicesOf(config)) {
    for (const name of Object.keys(environment ?? {})) {
      const path = ['services', service, 'environment', name]
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
        diagnostics.value(path, name, 'a variable name of letters, digits and underscores that does not start with a digit')
      else if (ownVariables.includes(name))
        diagnostics.value(path, name, `another name: ${ownVariables.join(', ')} are set for every service`)
    }
  }
}

const ownVariables = [
  'PORT',
  'HOST',
  'SERVICE_NAME',
  'DATA_DIR',
  'RELEASE_ID',
  'SERVICE_AUTH',
  'SERVICE_TOKEN',
  'SERVICE_TOKEN_FILE',
  'SERVICE_RATE_LIMIT',
  'SERVICE_TRUST_PROXY',
]
