import type { OsvApp } from '@osv/contracts';

type Spec = OsvApp['spec'];

/** What an app leaves open. Never written into its spec: tools that own the spec would fight it. */
export const defaults = {
  replicas: 1,
  cpus: 1,
  terminationGracePeriodSeconds: 30,
  revisionHistoryLimit: 5,
  maxSurge: '25%',
  maxUnavailable: '25%',
} as const;

export interface RolloutLimits {
  /** Instances beyond the wanted number that may exist during a rollout. */
  readonly surge: number;
  /** Instances below the wanted number that may be missing during a rollout. */
  readonly unavailable: number;
}

export function wantedReplicas(spec: Spec): number {
  return spec.replicas ?? defaults.replicas;
}

/**
 * Reads maxSurge and maxUnavailable as a Deployment does: percentages of the replicas, surge rounded up and
 * unavailability down; when both come to 0, one instance may be missing, since nothing could move otherwise. Instances
 * with ordinals never surge.
 */
export function rolloutLimits(spec: Spec): RolloutLimits {
  // Nothing can stand in for an instance with a volume of its own.
  if (hasMachines(spec)) return { surge: 0, unavailable: machinesUnavailable(spec) };
  const replicas = wantedReplicas(spec);
  const surge = amount(spec.strategy?.maxSurge ?? defaults.maxSurge, replicas, Math.ceil);
  const unavailable = amount(spec.strategy?.maxUnavailable ?? defaults.maxUnavailable, replicas, Math.floor);
  return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable };
}

function amount(value: number | string, replicas: number, round: (value: number) => number): number {
  if (typeof value === 'number') return value;
  return round((Number.parseInt(value, 10) / 100) * replicas);
}

export type AppVolume = NonNullable<Spec['volumes']>[number];

/** Whether what is written to a volume outlives the instance. */
export function isPersistent({ size, persistentVolumeClaim }: AppVolume): boolean {
  return size !== undefined || persistentVolumeClaim !== undefined;
}

/**
 * Whether an app's instances are VirtualMachines with ordinals: wherever there is something that two instances must not
 * have at the same time. KubeVirt starts the next instance of a VirtualMachine when the last one is gone for certain, while a
 * replica set replaces one whose node is only silent.
 */
export function hasMachines({ volumes }: Pick<Spec, 'volumes'>): boolean {
  return (volumes ?? []).some(isPersistent);
}

/** Instances with ordinals that may be missing in a rollout: 1 where nothing is said, as a StatefulSet's. */
function machinesUnavailable(spec: Spec): number {
  const value = spec.strategy?.maxUnavailable;
  return value === undefined ? 1 : Math.max(1, amount(value, wantedReplicas(spec), Math.floor));
}

const drainSecondsDefault = 5;

/**
 * Seconds between being told to end and SIGTERM. A Service goes on sending to an instance until every node has heard that
 * it is going, so an instance that ended at once would refuse the last connections. Always below the grace period.
 */
export function drainSeconds(spec: Spec): number {
  const grace = spec.terminationGracePeriodSeconds ?? defaults.terminationGracePeriodSeconds;
  const wanted = spec.drainSeconds ?? (spec.ports?.length ? drainSecondsDefault : 0);
  return Math.min(wanted, Math.floor(grace / 2));
}
