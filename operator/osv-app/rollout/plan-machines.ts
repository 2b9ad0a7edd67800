/** One ordinal's VirtualMachine, as a rollout sees it. */
export interface MachineState {
  readonly ordinal: number;
  /** Its template is of the wanted revision. */
  readonly updated: boolean;
  readonly leaving: boolean;
  readonly instance: 'none' | 'updated' | 'outdated' | 'leaving';
  /** Its instance is ready and not going away. */
  readonly ready: boolean;
}

export interface MachinesState {
  readonly wanted: number;
  /** Instances that may be missing during a rollout; at least 1. */
  readonly unavailable: number;
  /** True for the Recreate strategy: nothing of the new revision before the old ones are gone. */
  readonly recreate: boolean;
  readonly machines: readonly MachineState[];
}

export interface MachinesPlan {
  /** Ordinals whose machines are to be made. */
  readonly create: readonly number[];
  /** Ordinals whose machines get the template of the wanted revision. */
  readonly update: readonly number[];
  /** Ordinals whose instances go, so that the next ones run the machine's present template. */
  readonly restart: readonly number[];
  /** Ordinals whose machines are to have no instance for now. */
  readonly halt: readonly number[];
  /** Ordinals whose machines go. */
  readonly remove: readonly number[];
  readonly complete: boolean;
}

/**
 * One step of a rollout, by the rules of a StatefulSet (Kubernetes documentation, "StatefulSets", deployment and scaling
 * guarantees, rolling updates): made one after the other from 0, each when those before it are ready; updated from the
 * highest down while no more are missing than may be; removed from the highest down, each when the one above it is gone.
 * One that is not ready is updated at once, since nothing is lost: so a revision that never comes up can be left.
 * Pure: the same state gives the same step.
 */
export function planMachines(state: MachinesState): MachinesPlan {
  const { wanted } = state;
  const machines = state.machines.filter(({ ordinal }) => ordinal < wanted);
  const surplus = state.machines.filter(({ ordinal }) => ordinal >= wanted);
  const complete =
    surplus.length === 0 &&
    machines.length === wanted &&
    machines.every(({ updated, instance, ready, leaving }) => updated && instance === 'updated' && ready && !leaving);
  const rest = { create: toCreate(wanted, machines), remove: toRemove(surplus), complete };
  return state.recreate ? { ...recreate(machines), ...rest } : { ...update(state, machines), halt: [], ...rest };
}

function toCreate(wanted: number, machines: readonly MachineState[]): number[] {
  for (let ordinal = 0; ordinal < wanted; ordinal += 1) {
    const machine = machines.find((one) => one.ordinal === ordinal);
    if (!machine) return [ordinal];
    if (!machine.ready || machine.leaving) return [];
  }
  return [];
}

function toRemove(surplus: readonly MachineState[]): number[] {
  const highest = descending(surplus)[0];
  return highest && !highest.leaving ? [highest.ordinal] : [];
}

function update({ wanted, unavailable }: MachinesState, machines: readonly MachineState[]) {
  const stale = descending(machines).filter(({ updated, instance, leaving }) => {
    return !leaving && (!updated || instance === 'outdated');
  });
  let spare = Math.max(1, unavailable) - (wanted - machines.filter(({ ready }) => ready).length);
  const moved = stale.filter(({ ready }) => {
    if (!ready) return true;
    spare -= 1;
    return spare >= 0;
  });
  return {
    update: moved.filter(({ updated }) => !updated).map(({ ordinal }) => ordinal),
    restart: moved.filter(({ instance }) => instance === 'outdated').map(({ ordinal }) => ordinal),
  };
}

function recreate(machines: readonly MachineState[]) {
  const stale = machines.filter(({ updated, instance }) => !updated || instance === 'outdated');
  const running = stale.some(({ instance }) => instance !== 'none');
  const ordinals = descending(stale).map(({ ordinal }) => ordinal);
  return running ? { halt: ordinals, update: [], restart: [] } : { halt: [], update: ordinals, restart: [] };
}

function descending(machines: readonly MachineState[]): MachineState[] {
  return [...machines].sort((left, right) => right.ordinal - left.ordinal);
}
