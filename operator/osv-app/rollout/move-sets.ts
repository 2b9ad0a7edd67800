import { rolloutLimits, wantedReplicas } from '../effective-spec.ts';
import type { Action, Observed, ObservedSet } from '../model.ts';
import type { RevisionPlan } from '../objects/instance-spec.ts';
import type { BackOffs } from './back-off.ts';
import { removeMachines } from './deletion.ts';
import { planRollout, type RevisionState } from './plan-rollout.ts';
import { createSet, mend, renumber } from './revision-record.ts';
import { scaleSet } from './scale-set.ts';

/** What one pass does for a rollout. */
export interface RolloutStep {
  readonly actions: readonly Action[];
  /** Every instance runs the wanted revision and is ready, and there is no other. */
  readonly complete: boolean;
  /** When to look again although nothing has changed. */
  readonly requeueAfterSeconds?: number | undefined;
}

/**
 * One step towards the wanted revision where each revision is a replica set.
 *
 * @param prepare what a new revision needs before its first instance
 */
export function moveSets(
  observed: Observed,
  plan: RevisionPlan,
  prepare: readonly Action[],
  backOffs: BackOffs,
): RolloutStep {
  const { app, sets, machines } = observed;
  const current = sets.find(({ revision }) => revision === plan.revision);
  const { complete, ...step } = planRollout(rolloutState(observed, plan.revision));
  if (machines.length > 0) {
    // The app had persistent volumes before: its instances go first, all at once, since there is no order to keep.
    const record = current ? renumber(observed, current) : [...prepare, ...createSet(observed, plan, 0)];
    return { actions: app.spec.paused ? [] : [...record, ...removeMachines(observed)], complete: false };
  }
  if (app.spec.paused) return { actions: scaleOnly(observed, current, backOffs), complete };
  const mending = mend(observed, plan, current);
  const actions = [
    ...mending.actions,
    ...(current
      ? [...renumber(observed, current), ...scaleSet(observed, current, step.current, backOffs.get(plan.revision))]
      : [...prepare, ...createSet(observed, plan, step.current)]),
    ...sets
      .filter((set) => set !== current)
      .flatMap((set) => scaleSet(observed, set, step.previous.get(set.name), backOffs.get(set.revision))),
  ];
  return { actions, complete, requeueAfterSeconds: mending.requeueAfterSeconds };
}

function rolloutState(observed: Observed, revision: string) {
  const { app, sets, instances } = observed;
  const state = (set: ObservedSet): RevisionState => ({
    name: set.name,
    replicas: set.replicas,
    ready: instances.filter((instance) => instance.ownerUid === set.uid && instance.ready && !instance.leaving).length,
  });
  const current = sets.find((set) => set.revision === revision);
  const previous = sets
    .filter((set) => set !== current)
    .sort((left, right) => left.revisionNumber - right.revisionNumber);
  const old = new Set(previous.map(({ uid }) => uid));
  return {
    wanted: wantedReplicas(app.spec),
    limits: rolloutLimits(app.spec),
    recreate: app.spec.strategy?.type === 'Recreate',
    current: current && state(current),
    previous: previous.map(state),
    previousInstances: instances.filter(({ ownerUid }) => old.has(ownerUid)).length,
  };
}

/** A paused app still follows its number of replicas while it has one revision only, as a paused Deployment does. */
function scaleOnly(observed: Observed, current: ObservedSet | undefined, backOffs: BackOffs): Action[] {
  const active = observed.sets.filter(({ replicas }) => replicas > 0);
  const [only] = active.length === 1 ? active : current && active.length === 0 ? [current] : [];
  return only ? scaleSet(observed, only, wantedReplicas(observed.app.spec), backOffs.get(only.revision)) : [];
}
