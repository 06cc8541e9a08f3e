/**
 * Thin adapters between the deploy path and AWS's own SDK: clients, the resource graph, one file per kind of resource.
 * This room knows no release and no service.
 */
import type { EC2 } from '@aws-sdk/client-ec2'
import type { ECR } from '@aws-sdk/client-ecr'
import type { IAM } from '@aws-sdk/client-iam'
import type { ServiceQuotas } from '@aws-sdk/client-service-quotas'
import type { SSM } from '@aws-sdk/client-ssm'
import type { STS } from '@aws-sdk/client-sts'
import { awsCommand, type CommandLine } from './command.ts'
import { type Tags, withTags } from './tags.ts'

type Client = EC2 | ECR | IAM | ServiceQuotas | SSM | STS

/**
 * Where AWS is and who calls it. What is absent here is found by the SDK as everywhere: environment, profile, OIDC,
 * instance role.
 */
export interface Access {
  readonly region: string
  readonly endpoint?: string
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string }
  /** Go on everything that is made, beside the tags by which it is found again. */
  readonly tags?: Tags
  /** How AWS's own command line gets there, where it would not by itself. */
  readonly commandLine?: CommandLine
  /** What whoever works there should know, in one sentence. */
  readonly notice?: string
}

/**
 * The SDK clients, each loaded at its first use: loading them all costs more than many a command takes.
 *
 * A client of `once` sends a request a single time. Create calls that have no client token go through it: the SDK would
 * repeat them after a lost answer, and so create twice what was created already.
 */
export class Clients {
  readonly access: Access
  readonly once: Clients
  readonly #attempts: number
  readonly #loaded = new Map<string, Promise<unknown>>()

  /** `attempts` is how often a request is sent at most; 8, because 3 are too few under throttling. */
  constructor(access: Access, attempts = 8) {
    this.access = access
    this.#attempts = attempts
    this.once = attempts === 1 ? this : new Clients(access, 1)
  }

  /**
   * A command of AWS's own command line for the AWS of these clients: `ec2 describe-instances …` with what it needs
   * before and after.
   */
  command(words: string): string {
    return awsCommand(this.access, words)
  }

  ec2(): Promise<EC2> {
    return this.#load('ec2', async (options) => new (await import('@aws-sdk/client-ec2')).EC2(options))
  }

  ecr(): Promise<ECR> {
    return this.#load('ecr', async (options) => new (await import('@aws-sdk/client-ecr')).ECR(options))
  }

  iam(): Promise<IAM> {
    return this.#load('iam', async (options) => new (await import('@aws-sdk/client-iam')).IAM(options))
  }

  quotas(): Promise<ServiceQuotas> {
    // The prefix of its actions in a policy has no hyphen.
    return this.#load('servicequotas', async (options) => new (await import('@aws-sdk/client-service-quotas')).ServiceQuotas(options))
  }

  ssm(): Promise<SSM> {
    return this.#load('ssm', async (options) => new (await import('@aws-sdk/client-ssm')).SSM(options))
  }

  sts(): Promise<STS> {
    return this.#load('sts', async (options) => new (await import('@aws-sdk/client-sts')).STS(options))
  }

  #load<C extends Client>(service: string, make: (options: Access & { maxAttempts: number }) => Promise<C>): Promise<C> {
    const { commandLine, notice, tags = {}, ...options } = this.access
    const loading =
      this.#loaded.get(service) ??
      make({ ...options, maxAttempts: this.#attempts }).then((client) => addTags(nameCalls(client, service, this), tags))
    this.#loaded.set(service, loading)
    return loading as Promise<C>
  }
}

/**
 * Writes the call's name, as a policy would (`ec2:CreateVpc`), into every error: AWS itself does not always say which
 * permission was missing. And who made it, so that the next command that the error leads to reaches the same AWS.
 */
function nameCalls<C extends Client>(client: C, service: string, clients: Clients): C {
  const stack = client.middlewareStack as unknown as EC2['middlewareStack']
  stack.add(
    (next, context) => (args) =>
      next(args).catch((error: unknown) => {
        if (error instanceof Error) {
          Object.assign(error, { operation: `${service}:${String(context.commandName).replace(/Command$/, '')}` })
          // Not shown with the error's own fields, where the credentials would be.
          Object.defineProperty(error, 'command', { value: (words: string) => clients.command(words), enumerable: false })
        }
        throw error
      }),
    { step: 'initialize', name: 'nameCalls', priority: 'high' },
  )
  return client
}

/** Here rather than where each kind is made, so that none can be forgotten. */
function addTags<C extends Client>(client: C, tags: Tags): C {
  const stack = client.middlewareStack as unknown as EC2['middlewareStack']
  stack.add((next) => (args) => next({ ...args, input: withTags(args.input, tags) }), { step: 'initialize', name: 'addTags' })
  return client
}
