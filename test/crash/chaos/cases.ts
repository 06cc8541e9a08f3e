import type { Case } from './case.ts'
import { frozen } from './freeze.ts'
import { fullDisk, powerCutWhileFull } from './full-disk.ts'
import { reboot, stopAndStart, stopOnly } from './instance.ts'
import { killed } from './kill.ts'
import { powerCut } from './power-cut.ts'
import type { Used } from './users.ts'

const both: readonly Used[] = ['ml-inference', 'data-ingestion']
const itself = { by: 'itself' } as const
/** Nobody starts the API of the embedded cloud but a script. What users reach does not need it. */
const quietly = { by: 'status', untouched: both } as const
const unnoticed = { by: 'itself', untouched: both } as const

/** Everything that is done to a stage, one after the other. */
export const cases: readonly Case[] = [
  killed(['cloud'], quietly),
  killed(['forwarder'], itself),
  killed(['cloud', 'forwarder'], { by: 'status' }),
  killed(['machine'], itself),
  killed(['engine'], itself),
  killed(['cloud', 'machine'], { by: 'status' }),
  killed(['cloud', 'forwarder', 'machine'], { by: 'status' }),
  killed(['ml-inference'], { ...itself, untouched: ['data-ingestion'] }),
  killed(['data-ingestion'], { ...itself, untouched: ['ml-inference'] }),
  killed(['secrets'], unnoticed),
  killed(['prometheus'], unnoticed),
  killed(['alertmanager'], unnoticed),
  killed(['prometheus', 'alertmanager', 'secrets'], unnoticed),
  killed(['ml-inference', 'data-ingestion'], itself),
  killed(['machine', 'data-ingestion'], itself),
  killed(['cloud', 'data-ingestion'], { by: 'status', untouched: ['ml-inference'] }),
  frozen(['cloud'], unnoticed),
  frozen(['forwarder'], itself),
  frozen(['machine'], itself),
  frozen(['ml-inference'], { ...itself, untouched: ['data-ingestion'] }),
  frozen(['data-ingestion'], { ...itself, untouched: ['ml-inference'] }),
  frozen(['prometheus', 'alertmanager', 'secrets'], unnoticed, 'monitoring, secrets'),
  frozen(['cloud', 'machine'], itself),
  frozen([], itself, 'everything'),
  stopAndStart,
  stopOnly,
  reboot,
  fullDisk([], { ...itself, untouched: ['ml-inference'] }),
  fullDisk(['data-ingestion'], { ...itself, untouched: ['ml-inference'] }),
  fullDisk(['machine'], itself),
  fullDisk(['cloud'], { by: 'status', untouched: ['ml-inference'] }),
  powerCutWhileFull,
  powerCut,
]

/** The most telling ones, for `npm test`. */
export const telling: readonly Case[] = [killed(['cloud'], quietly), killed(['machine', 'data-ingestion'], itself), powerCut]
