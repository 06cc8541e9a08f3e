import type { Clients } from '../../aws/clients.ts'
import type { Instance } from '../../aws/resources/instance.ts'
import { agentOnline, runCommand } from '../../aws/run-command.ts'
import { Failure } from '../../report/failure.ts'
import type { StageId } from '../stage/names.ts'
import { launchScript } from './launch-script.ts'
import { type FailedStep, whyFailed } from './launch-steps.ts'
import type { Launch } from './script-input.ts'

/** How long a launch may run, in seconds: docker's installation and the pull of large images included. */
const launchSeconds = 900

/** What a machine says of a launch that went well. */
export interface LaunchAnswer {
  /** The version of its container engine. */
  readonly engine: string
  /** The services that answered with the identity of this launch, as those on the kit do. */
  readonly identified: readonly string[]
}

/** What the script says in its first line. */
type LaunchResult = ({ readonly ok: true } & LaunchAnswer) | FailedStep

/** Steps after which it helps to run a service by hand. */
const runsHere = ['start', 'health', 'ended', 'unsteady']

/**
 * Launches a release on an instance by one Run Command, and waits until every service is healthy there and has been so
 * for a while. Monitoring goes on coming up behind it (`awaitMonitoring`). `nextFor` gives the command that helps with
 * a container that does not come up.
 * @throws Failure with the name, the answer to its health check and the last log lines of the container that did not
 *   come up or did not stay
 */
export async function launch(
  clients: Clients,
  id: StageId,
  instance: Instance,
  release: Launch,
  options: { signal: AbortSignal; waiting: (detail: string) => void; nextFor: (container: string) => string | undefined },
): Promise<LaunchAnswer> {
  const { signal, waiting } = options
  await agentOnline(clients, instance.id, signal, waiting)
  const result = await runCommand(clients, instance.id, launchScript(release), {
    comment: `Launch release ${release.release} of ${id.app} ${id.stage}`,
    seconds: launchSeconds,
    signal,
    waiting,
  })
  const [first = '', ...log] = result.stdout.trimEnd().split('\n')
  const said = read(first)
  if (said?.ok) return said
  const { message, likely } = (said && whyFailed(said)) ?? {
    message: `The launch ended without a result (${result.status}, exit code ${result.exitCode})`,
    likely: undefined,
  }
  throw new Failure(message, {
    on: `${said?.container ? `container ${said.container}, ` : ''}instance ${instance.id}, command ${result.commandId}`,
    log: said ? log : [...result.stdout.split('\n'), ...result.stderr.split('\n')].filter(Boolean).slice(-20),
    ...(likely === undefined ? {} : { likely }),
    next:
      // A service that could not even be fetched says nothing when it is run here.
      (said?.ok === false && runsHere.includes(said.step) ? options.nextFor(said.container) : undefined) ??
      clients.command(`ssm get-command-invocation --command-id ${result.commandId} --instance-id ${instance.id}`),
  })
}

/** undefined when the script was killed before it could say anything. */
function read(line: string): LaunchResult | undefined {
  return line.startsWith('{"ok":') ? (JSON.parse(line) as LaunchResult) : undefined
}
