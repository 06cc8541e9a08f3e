import type { SeenCall } from '../../src/local/api/faults.ts'

/** What is going on when it happens: a deploy where nothing is, a deploy while a release serves, a destroy. */
export const scenes = ['deploy', 'redeploy', 'destroy'] as const
export type Scene = (typeof scenes)[number]

/** One call of a scene: the `nth` of its action and parameters. */
export interface Moment {
  readonly action: string
  readonly match: Readonly<Record<string, string>>
  readonly nth: number
}

/** What happens to a call, or to the process that makes it. */
export type Blow =
  | 'killed before'
  | 'killed after'
  | 'interrupted'
  | 'throttled'
  | 'server error'
  | 'answer lost'
  | 'denied'
  | 'never allowed'

/** One thing that goes wrong, and what a person does next. */
export interface Point {
  readonly scene: Scene
  readonly moment: Moment
  readonly blow: Blow
  readonly next: 'deploy' | 'destroy'
}

/** Calls that change nothing: killed before or after such a call is the same. */
const read = /:(Describe|Get|List|BatchGet|BatchCheck)/

/** Every call that a clean run of the scene made. */
export function momentsOf(calls: readonly SeenCall[]): Moment[] {
  const counted = new Map<string, number>()
  return calls.map(({ action, match }) => {
    const key = JSON.stringify([action, match])
    counted.set(key, (counted.get(key) ?? 0) + 1)
    return { action, match, nth: counted.get(key)! }
  })
}

/** Everything that can go wrong at these moments. */
export function pointsOf(scene: Scene, moments: readonly Moment[]): Point[] {
  return moments.flatMap((moment, number) => {
    const point = (blow: Blow, next: Point['next'] = 'deploy'): Point => ({ scene, moment, blow, next })
    const kills = read.test(moment.action)
      ? [point('killed before', number % 2 === 0 ? 'deploy' : 'destroy')]
      : (['killed before', 'killed after'] as const).flatMap((blow) => [point(blow), point(blow, 'destroy')])
    const first = moment.nth === 1 && moments.find(({ action }) => action === moment.action) === moment
    return [
      ...kills,
      ...(['interrupted', 'throttled', 'server error', 'answer lost', 'denied'] as const).map((blow) => point(blow)),
      // The registry asks for what ECR's own calls need.
      ...(first && !moment.action.startsWith('registry:') ? [point('never allowed')] : []),
    ]
  })
}

/** `redeploy, ec2:CreateVpc #1, killed after, then deploy`. */
export function label({ scene, moment, blow, next }: Point): string {
  const of = Object.values(moment.match).join(' ')
  return `${scene}, ${moment.action}${of && ` ${of}`} #${moment.nth}, ${blow}, then ${next}`
}
