/** How a step of the launch script ended that did not end well: as the script says it. */
export interface FailedStep {
  readonly ok: false
  readonly step: string
  /** Empty where no container is to blame. */
  readonly container: string
}

/** What went wrong at each step of the script, and why that usually is. */
const steps: Readonly<Record<string, readonly [what: string, likely: string]>> = {
  docker: [
    'The container engine did not come up',
    'The machine could not install docker: it has no way to the package servers, or the disk is full.',
  ],
  pull: ['Could not pull the image of', 'The role of the machine may not pull, the registry cannot be reached, or the disk is full.'],
  start: ['Could not keep running', 'The program ends by itself: look at its last lines above.'],
  memory: ['Took more memory than its container may have:', 'Its limit is memoryMiB in mlops.config.ts: raise it, or let it load less.'],
  health: ['Did not get healthy in time:', 'It does not answer 200 on its health path: wrong port or path, or it is still starting.'],
  ended: ['Got healthy and ended again within seconds:', 'It fails on what it meets after its start: look at its last lines above.'],
  unsteady: [
    'Got healthy and did not stay so:',
    'It fails on what it meets after its start: look at what its health check got, and at its last lines above.',
  ],
  secrets: ['Could not bring the secrets:', 'A secret was removed meanwhile, or the role of the machine may not read it.'],
  script: ['The launch script ended early', 'A command of the machine failed: look at the last lines of its log above.'],
}

/** What to say of a step that failed, in words; undefined for one that the script does not have. */
export function whyFailed({ step, container }: FailedStep): { readonly message: string; readonly likely: string } | undefined {
  const [what, likely] = steps[step] ?? []
  if (what === undefined || likely === undefined) return undefined
  return { message: container ? `${what} ${container}` : what, likely }
}
