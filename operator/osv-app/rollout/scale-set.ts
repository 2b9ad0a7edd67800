import { resources } from '../../kubernetes/index.ts';
import type { Action, Observed, ObservedInstance, ObservedSet } from '../model.ts';
import { type BackOffRecord, remainingSeconds, rememberedSeconds } from './back-off.ts';
import { deletion } from './deletion.ts';

/**
 * Brings one set to a number of replicas.
 *
 * KubeVirt's controller deletes any instances when a set shrinks, ready ones before those that never came up. So where
 * the choice matters the set is paused first, in one write with its new size; once KubeVirt has said that it saw the
 * pause, the instances that should go are deleted by name; then the set goes on. After a crash the set stays paused too,
 * until the crash is forgotten, but for the moments when the delay is over and something is missing.
 *
 * @param target undefined leaves the number as it is
 */
export function scaleSet(
  observed: Observed,
  set: ObservedSet,
  target: number | undefined,
  backOff: BackOffRecord | undefined,
): Action[] {
  const wanted = target ?? set.replicas;
  const active = observed.instances.filter((instance) => instance.ownerUid === set.uid && !instance.leaving);
  const excess = active.length - wanted;
  const choosing = wanted > 0 && excess > 0 && active.some(({ ready }) => !ready);
  const holding =
    rememberedSeconds(backOff, observed.now) > 0 &&
    (remainingSeconds(backOff, observed.now) > 0 || active.length >= wanted);
  // A paused set does not shrink either; one with too many instances starts none when it goes on.
  const paused = choosing || (holding && excess <= 0);
  const actions: Action[] = [];
  if (wanted !== set.replicas || paused !== set.paused) {
    actions.push({ type: 'scale-set', set: set.name, replicas: wanted, paused });
  }
  if (choosing && set.pauseObserved && set.replicas === wanted) {
    actions.push(
      ...dispensable(active, excess).map((instance) =>
        deletion(observed.app, resources.virtualMachineInstances, instance),
      ),
    );
  }
  return actions;
}

/** Those that are not ready, then the youngest. */
function dispensable(active: readonly ObservedInstance[], count: number): ObservedInstance[] {
  return [...active]
    .sort(
      (left, right) => Number(left.ready) - Number(right.ready) || right.createdAt.getTime() - left.createdAt.getTime(),
    )
    .slice(0, count);
}
