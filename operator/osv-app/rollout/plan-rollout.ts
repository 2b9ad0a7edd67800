import type { RolloutLimits } from '../effective-spec.ts';

/** One revision's replica set, as a rollout sees it. */
export interface RevisionState {
  readonly name: string;
  /** Instances that its spec asks for. */
  readonly replicas: number;
  /** Instances that are ready and not going away. */
  readonly ready: number;
}

export interface RolloutState {
  readonly wanted: number;
  readonly limits: RolloutLimits;
  /** True for the Recreate strategy: nothing of the new revision before the old ones are gone. */
  readonly recreate: boolean;
  /** The wanted revision; undefined until its set exists. */
  readonly current: RevisionState | undefined;
  /** The others, oldest first. */
  readonly previous: readonly RevisionState[];
  /** Instances of other revisions that still exist, those that are going away too. */
  readonly previousInstances: number;
}

export interface RolloutPlan {
  /** Replicas that the wanted revision is to have now. */
  readonly current: number;
  /** New numbers of replicas of other revisions; only those that change. */
  readonly previous: ReadonlyMap<string, number>;
  readonly complete: boolean;
}

/**
 * One step of a rollout, by the rules of a Deployment (Kubernetes documentation, "Rolling Update Deployment"): never
 * more than wanted + surge instances, never fewer than wanted − unavailable ready ones, unready old ones first.
 * Pure: the same state gives the same step, so a restarted operator goes on where the last one stopped.
 */
export function planRollout(state: RolloutState): RolloutPlan {
  const { wanted, current, previous } = state;
  const started = current?.replicas ?? 0;
  const complete =
    started === wanted &&
    (current?.ready ?? 0) >= wanted &&
    previous.every(({ replicas }) => replicas === 0) &&
    state.previousInstances === 0;
  if (state.recreate) return { ...recreate(state), complete };
  return { current: scaleUp(state, started), previous: scaleDown(state, started), complete };
}

function recreate(state: RolloutState): Omit<RolloutPlan, 'complete'> {
  const previous = new Map(state.previous.filter(({ replicas }) => replicas > 0).map(({ name }) => [name, 0]));
  const gone = previous.size === 0 && state.previousInstances === 0;
  return { current: gone ? state.wanted : Math.min(state.current?.replicas ?? 0, state.wanted), previous };
}

function scaleUp({ wanted, limits, previous }: RolloutState, started: number): number {
  if (started >= wanted) return wanted;
  const total = started + sum(previous.map(({ replicas }) => replicas));
  const room = Math.max(0, wanted + limits.surge - total);
  return Math.min(wanted, started + room);
}

function scaleDown({ wanted, limits, current, previous }: RolloutState, started: number): Map<string, number> {
  const result = new Map<string, number>();
  const left = new Map(previous.map(({ name, replicas }) => [name, replicas]));
  const take = (name: string, count: number) => {
    const remaining = (left.get(name) ?? 0) - count;
    left.set(name, remaining);
    result.set(name, remaining);
  };
  const readyMin = wanted - limits.unavailable;
  const total = started + sum([...left.values()]);
  const currentReady = Math.min(current?.ready ?? 0, started);
  // What may go without falling below the minimum even if every new instance that is not ready yet never becomes so.
  let removable = Math.max(0, total - readyMin - (started - currentReady));
  for (const { name, replicas, ready } of previous) {
    const unready = Math.min(removable, Math.max(0, replicas - ready));
    if (unready > 0) take(name, unready);
    removable -= unready;
  }
  let spare = Math.max(0, currentReady + sum(previous.map(({ ready }) => ready)) - readyMin);
  for (const { name, ready } of previous) {
    const count = Math.min(spare, removable, ready, left.get(name) ?? 0);
    if (count > 0) take(name, count);
    spare -= count;
    removable -= count;
  }
  return result;
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
