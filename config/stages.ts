import { exit, Failure } from '../src/report/failure.ts'
import { isName, nameRule } from './checks/names.ts'

/** The stage that is meant where nobody names one. */
export const defaultStage = 'local'

/**
 * Which stage is meant: the one that was asked for, else `MLOPS_STAGE`, else the default.
 *
 * @throws Failure (exit code `usage`) for a name that AWS resources could not carry
 */
export function resolveStage(asked: string | undefined, env: NodeJS.ProcessEnv): string {
  const stage = asked ?? (env.MLOPS_STAGE || defaultStage)
  if (isName('stage', stage)) return stage
  throw new Failure(`${JSON.stringify(stage)} is not a stage name.`, {
    on: asked === undefined ? 'the environment variable MLOPS_STAGE' : 'the flag --stage',
    likely: `A stage name has ${nameRule('stage')}.`,
    next: 'Name a stage such as local, staging, prod or pr-123.',
    code: exit.usage,
  })
}
