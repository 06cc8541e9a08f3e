/**
 * What those runbooks in `scripts/` are written with that change a stage. The others import what they show from where
 * it is: to load everything takes longer than what they do.
 */

export { deploy } from './deploy.ts'
export { policyOfDeployer } from './deployer-policy.ts'
export { destroy } from './destroy.ts'
export { recipesOf } from './launch/images.ts'
export { refuseMissingSecrets } from './launch/secrets.ts'
export { planDocument } from './plan/plan.ts'
export { planDeploy, planProvision } from './plan/plan-deploy.ts'
export { planDestroy } from './plan/plan-destroy.ts'
export { previewDeploy } from './plan/preview.ts'
export { lookForPlan } from './plan/work.ts'
export { configOf, openStage } from './stage/stage.ts'
export { holdStage, lockOf, refuseLockVerb, releaseHold } from './state/hold.ts'
export { lookAt } from './state/stage-state.ts'
export { withLease } from './state/with-lease.ts'
export { verifyStage } from './verify.ts'
