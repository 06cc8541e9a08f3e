import type { Clients } from '../../aws/clients.ts'
import type { Instance } from '../../aws/resources/instance.ts'
import { agentOnline, runCommand } from '../../aws/run-command.ts'
import { Failure } from '../../report/failure.ts'
import type { StageId } from '../stage/names.ts'
import { launchScript } from './launch-script.ts'
import type { Launch } from './script-input.ts'

/** How long a launch may run, in seconds: docker's installation and the pull of large images included. */
const launchSeconds = 900

/** What the script says in its first line. */
type LaunchResult =
  | { readonly ok: true; readonly identified?: readonly string[] }
  | { readonly ok: false; readonly step: string; readonly container: string }

/** What went wrong at each step of the script, and why that usually is. */
const steps: Readonly<Record<string, readonly [what: string, likely: string]>> = {
  docker: [
    'The container engine did not come up',
    'The machine could not install docker: it has no way to the package servers, or the disk is full.',
  ],
  pull: ['Could not pull the image of', 'The role of the machine may not pull, the registry cannot be reached, or the disk is full.'],
  start: ['Could not keep running', 'The program ends by itself: look at its last lines above.'],
  memory: ['Took more memory than its container may have:', 'Its limit is memoryMiB in mlops.config.ts: raise it, or let it load less.'],
  health: ['Did not get healthy within 60 s:', 'It does not answer 200 on its health path: wrong port or path, or it is still starting.'],
  ended: ['Got healthy and ended again within seconds:', 'It fails on what it meets after its start: look at its last lines above.'],
  unsteady: [
    'Got healthy and did not stay so:',
    'It fails on what it meets after its start: look at what its health check got, and at its last lines above.',
  ],
  secrets: ['Could not bring the secrets:', 'A secret was removed meanwhile, or the role of the machine may not read it.'],
  script: ['The launch script ended early', 'A command of the machine failed: look at the last lines of its log above.'],
}

/** Steps after which it helps to run a service by hand. */
const runsHere = ['start', 'health', 'ended', 'unsteady']

/**
 * Launches a release on an instance by one Run Command, and waits until every container is healthy there, and every
 * service has been so for a while. `nextFor` gives the command that helps with a container that does not come up.
 * @returns the services that answered with the identity of this launch, as those on the kit do
 * @throws Failure with the name, the answer to its health check and the last log lines of the container that did not
 *   come up or did not stay
 */
export async function launch(
  clients: Clients,
  id: StageId,
  instance: Instance,
  release: Launch,
  options: { signal: AbortSignal; waiting: (detail: string) => void; nextFor: (container: string) => string | undefined },
): Promise<ReadonlySet<string>> {
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
  if (said?.ok) return new Set(said.identified)
  const [what, likely] = steps[said?.step ?? ''] ?? [
    `The launch ended without a result (${result.status}, exit code ${result.exitCode})`,
    undefined,
  ]
  throw new Failure(said?.container ? `${what} ${said.container}` : what, {
    on: `${said?.container ? `container ${said.container}, ` : ''}instance ${instance.id}, command ${result.commandId}`,
    log: said ? log : [...result.stdout.split('\n'), ...result.stderr.split('\n')].filter(Boolean).slice(-20),
    ...(likely ? { likely } : {}),
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
