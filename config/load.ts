import { resolve as absolute, isAbsolute, relative } from 'node:path'
import { checkAccess } from './checks/access.ts'
import { checkDisk } from './checks/disk.ts'
import { checkSchemas, namesSchemas, type ReadSchema } from './checks/json-schemas.ts'
import { checkEnvironment, checkNames } from './checks/names.ts'
import { checkNeeds } from './checks/needs.ts'
import { checkNetworks } from './checks/networks.ts'
import { checkObjectives } from './checks/objectives.ts'
import { checkPorts } from './checks/ports.ts'
import { checkTags } from './checks/tags.ts'
import type { Config } from './config.ts'
import { Diagnostics } from './diagnostics.ts'
import { draft } from './draft.ts'
import { resolve } from './resolve.ts'
import type { ConfigOptions } from './schema/options.ts'
import { runConfig } from './source/module.ts'
import { checkSources } from './source/sources.ts'
import { resolveStage } from './stages.ts'

export interface LoadOptions {
  /** Default: `MLOPS_STAGE`, then `local`. */
  readonly stage?: string | undefined
  /** Default: `mlops.config.ts` in `cwd`. */
  readonly file?: string | undefined
  /** Default: the working directory. */
  readonly cwd?: string | undefined
  /** Default: the environment of this process. */
  readonly env?: NodeJS.ProcessEnv | undefined
}

/** What the checks have to know of the services. */
export interface Kit {
  /** The bounds of the services' request histogram, in seconds. */
  readonly latencyBounds: readonly number[]
  /** Loads what the services read JSON Schemas with. It is heavy, and most configs name no schema. */
  readonly schemaReader: () => Promise<ReadSchema>
}

/**
 * Reads, checks and resolves the config of one stage. Looks at files only; AWS is not asked.
 *
 * @throws Failure (exit code `usage`) that shows every problem at once, or says why the file could not be run
 */
export async function readConfig(options: LoadOptions, kit: Kit): Promise<Config> {
  const { cwd = process.cwd(), env = process.env } = options
  const stage = resolveStage(options.stage, env)
  const file = absolute(cwd, options.file ?? 'mlops.config.ts')
  const shown = fromFolder(cwd, file)
  // The schema takes longest to load, so it loads while the config file runs.
  const schema = import('./schema/schema.ts')
  const { given, source } = await runConfig(file, shown, { stage })
  const { checkShape } = await schema

  const readSchema = namesSchemas(draft(given, [])) ? await kit.schemaReader() : undefined

  const check = (diagnostics: Diagnostics) => {
    checkShape(given, diagnostics)
    const sound = draft(
      given,
      diagnostics.problems.map(({ path }) => path),
    )
    checkNames(sound, diagnostics)
    checkTags(sound, diagnostics)
    checkPorts(sound, diagnostics)
    checkDisk(sound, diagnostics)
    checkNetworks(sound, diagnostics)
    checkAccess(sound, diagnostics)
    checkSources(sound, absolute(file, '..'), diagnostics)
    checkEnvironment(sound, diagnostics)
    checkNeeds(sound, diagnostics)
    checkObjectives(sound, kit.latencyBounds, diagnostics)
    if (readSchema) checkSchemas(sound, absolute(file, '..'), readSchema, diagnostics)
    return diagnostics
  }
  // Only a config with problems pays for the parser that finds their lines.
  if (check(new Diagnostics(shown, () => undefined)).problems.length > 0) {
    const { positions } = await import('./source/positions.ts')
    check(new Diagnostics(shown, positions(source))).throwIfAny()
  }
  return resolve(given as ConfigOptions, stage, file)
}

/** A file as a person in `cwd` would name it. */
function fromFolder(cwd: string, file: string): string {
  const path = relative(cwd, file)
  return path.startsWith('..') || isAbsolute(path) ? file : path
}
