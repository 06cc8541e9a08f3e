import type { Refused } from './forwarder/rules.ts'
import type { Context } from './iam/condition.ts'
import type { EngineName } from './machine/engine.ts'
import type { Kind, Records } from './records.ts'

/**
 * The cloud's memory: records by kind and id, of one region (with what is the same in all of them, such as roles) or of
 * all. What a call has acknowledged survives a kill at any moment.
 */
export interface Store {
  /** What a region sees. */
  in(region: string): Store
  /** All regions together, for what has an id that no other region gives. What is changed stays in its region. */
  readonly everywhere: Store
  get<K extends Kind>(kind: K, id: string): Records[K] | undefined
  list<K extends Kind>(kind: K): Records[K][]
  put<K extends Kind>(kind: K, id: string, record: Records[K]): void
  delete(kind: Kind, id: string): void
  /**
   * Everything `work` puts and deletes is kept together, synced to the disk before it returns, or not at all when it
   * throws.
   */
  transaction<T>(work: () => T): T
  close(): void
}

/** The machine room: makes processes and forwarded ports match what the store says. */
export interface Machines {
  /**
   * Call after any change to instances, addresses or security groups has been committed. Returns at once; the work goes
   * on behind. `pending` instances are booted and become `running`; `shutting-down` ones are killed and become
   * `terminated`.
   */
  reconcile(): void
  /** Delivers pending invocations. Call after an invocation has been committed. */
  deliver(): void
  /** Asks a running invocation to end: SIGKILL to its process group. */
  cancel(commandId: string, instanceId: string): void
  /**
   * Restarts a running instance: every process of it ends, what it had in memory is gone, and it boots again. Returns
   * at once.
   */
  reboot(instanceId: string): void
  /** Whether the agent on this instance is registered and answers. */
  online(instanceId: string): { since: string; lastPing: string } | undefined
  /** Since when its agent is registered, where that runs and has no connection just now, for want of a way out. */
  lost(instanceId: string): { since: string; lastPing: string } | undefined
  /** Whether its machine was started again since this cloud began. */
  recovered(instanceId: string): boolean
  /**
   * Since when (ISO 8601) the machine of an instance that is `running` does not run, and why, as far as it could say;
   * undefined while it runs.
   */
  impaired(instanceId: string): { readonly since: string; readonly why?: string } | undefined
  /** Which of these ports on this address is held by a program that is not ours. */
  taken(address: string, ports: readonly number[]): Promise<number[]>
  /** The ports of public addresses that are to lead to instances and cannot be had on this machine, with the reason. */
  refused(): readonly Refused[]
  /** Kills every instance's processes, and the forwarder. */
  close(): Promise<void>
  /** Stops looking after them: instances and the forwarder go on, for the cloud that comes next. */
  detach(): Promise<void>
}

/** Who signed a call. */
export interface Caller {
  accountId: string
  /** `arn:aws:iam::…:root` for the user, `arn:aws:sts::…:assumed-role/…` for an instance. */
  arn: string
  accessKeyId: string
  /** Name of the role whose policies limit this caller; absent for users. */
  role?: string
  /** Name of the user whose policy limits this caller; absent for the owner, who may do everything. */
  user?: string
}

/** What the rooms of the embedded cloud share. */
export interface Cloud {
  readonly store: Store
  readonly machines: Machines
  /** Where everything lies, absolute. */
  readonly folder: string
  /** `http://127.0.0.1:PORT`, the same after a restart. */
  readonly endpoint: string
  /** The region of the call; where there is none, that of clients which name none. */
  readonly region: string
  readonly accountId: string
  /** The loopback has 127.0.0.1 only (macOS): one Elastic IP, and no public address of an instance's own. */
  readonly oneAddress?: boolean
  /** The container engine that instances launched from now on have; absent: the stand-in. */
  readonly engine?: EngineName
  /**
   * Credentials that an instance's programs get for its profile's role: made from a secret of the cloud, valid for
   * hours, verified without being stored. Undefined when the profile or its role does not exist (any more).
   */
  roleCredentials(instanceProfileArn: string, instanceId: string): RoleCredentials | undefined
  /**
   * Whom a registry password (from ECR's GetAuthorizationToken) belongs to, and of which region it is, as all
   * registries have one address here; undefined when it is wrong or expired.
   */
  registryCaller(password: string): { caller: Caller; region: string } | undefined
  /** A registry password for this caller, valid for 12 hours. */
  registryPassword(caller: Caller, region: string): { password: string; expiresAt: Date }
  /**
   * Throws ApiError AccessDenied unless the caller's policies allow the action (`ecr:BatchGetImage`) on the resource
   * (an ARN), by what is known of the call beside the resource's own tags.
   */
  authorize(caller: Caller, action: string, resource: string, context?: Context): void
}

export interface RoleCredentials {
  AccessKeyId: string
  SecretAccessKey: string
  Token: string
  /** ISO 8601. */
  Expiration: string
  /** The role whose they are. */
  RoleName: string
}

/** One call that has been authenticated and parsed. */
export interface Call {
  readonly cloud: Cloud
  readonly caller: Caller
  readonly action: string
  readonly requestId: string
  /** By a fault rule: for how long the network interfaces of instances that this call terminates stay behind, in ms. */
  readonly lingerMs?: number
}

/** Answers one action: the input in the API's own shape (member names as in AWS's reference), the output likewise. */
// biome-ignore lint/suspicious/noExplicitAny: the shapes are AWS's, one per action; `Actions` says which
export type Action = (input: any, call: Call) => unknown

/** The actions of one AWS service, by name. */
export type Service = Readonly<Record<string, Action>>

/**
 * What the handlers of a service take and give, from the methods of AWS's own client (`Actions<EC2>`): a handler whose
 * answer is not the API's does not compile. The last overload of each method is the one with a callback, which names
 * both shapes.
 */
export type Actions<Client> = {
  readonly [Method in keyof Client & string as Capitalize<Method>]?: Client[Method] extends (
    input: infer Input,
    options: never,
    done: (error: never, output?: infer Output) => void,
  ) => void
    ? (input: Input, call: Call) => Answer<Output>
    : never
}

// biome-ignore lint/suspicious/noConfusingVoidType: a handler whose action has no answer returns nothing
type Answer<Output> = keyof Output extends '$metadata' ? void : Omit<NonNullable<Output>, '$metadata'>

/** An error answer, as AWS would give it. */
export class ApiError extends Error {
  readonly code: string
  /** The HTTP status. */
  readonly status: number

  constructor(code: string, message: string, status = 400) {
    super(message)
    this.code = code
    this.status = status
  }
}

/** Refuses a call in the middle of an expression: `found ?? refuse(…)`. */
export function refuse(error: ApiError): never {
  throw error
}
