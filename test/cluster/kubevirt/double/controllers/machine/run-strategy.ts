import type { Instance, Machine, RunStrategy } from '../../types.ts';

/** What a machine's run strategy asks for, given its instance. */
export type Decision =
  | { action: 'none' }
  | { action: 'start' }
  /** `again`: ask for a start when it is gone. */
  | { action: 'stop'; again: boolean }
  /** A halted machine was asked to start: it becomes one that always runs. */
  | { action: 'always' }
  | { action: 'wait'; seconds: number };

interface Situation {
  machine: Readonly<Machine>;
  instance: Readonly<Instance> | undefined;
  /** Milliseconds since 1970. */
  now: number;
}

const none: Decision = { action: 'none' };

/** The older field `running` says Always or Halted. */
export function strategyOf({ spec }: Readonly<Machine>): RunStrategy {
  return spec.runStrategy ?? (spec.running ? 'Always' : 'Halted');
}

/** syncRunStrategy in pkg/virt-controller/watch/vm/vm.go of KubeVirt, without live migration to other clusters. */
export function decide(situation: Situation): Decision {
  return strategies[strategyOf(situation.machine)](situation);
}

const strategies: Readonly<Record<RunStrategy, (situation: Situation) => Decision>> = {
  Always(situation) {
    const { machine, instance } = situation;
    if (!instance) return startWhenDue(situation);
    return isFinal(instance) || isAskedToStop(machine, instance) ? stop(instance, false) : none;
  },

  RerunOnFailure(situation) {
    const { machine, instance } = situation;
    if (instance) {
      const ends = isFinal(instance) || isAskedToStop(machine, instance);
      return ends ? stop(instance, instance.status?.phase === 'Failed') : none;
    }
    return isAskedToRerun(machine) ? startWhenDue(situation) : none;
  },

  Manual({ machine, instance }) {
    if (instance) return isAskedToStop(machine, instance) ? stop(instance, false) : none;
    return isAskedToStart(machine) ? { action: 'start' } : none;
  },

  Halted({ machine, instance }) {
    if (instance) return stop(instance, false);
    return isAskedToStart(machine) ? { action: 'always' } : none;
  },

  Once: ({ instance }) => (instance ? none : { action: 'start' }),

  // Receives a machine from another cluster, of which there is none here.
  WaitAsReceiver: () => none,
};

/** Whether the machine would run now if nothing stood in its way (isSetToStart). */
export function isSetToStart(machine: Readonly<Machine>, instance: Readonly<Instance> | undefined): boolean {
  const strategy = strategyOf(machine);
  if (strategy === 'Always') return true;
  if (strategy === 'Manual') return instance ? !isAskedToStop(machine, instance) : isAskedToStart(machine);
  if (strategy === 'RerunOnFailure') return instance ? instance.status?.phase !== 'Succeeded' : isAskedToRerun(machine);
  return strategy === 'Once' && !instance;
}

/** The first request only; the others have not been acted upon. */
function firstRequest({ status }: Readonly<Machine>) {
  return status?.stateChangeRequests?.[0];
}

function isAskedToStart(machine: Readonly<Machine>): boolean {
  return firstRequest(machine)?.action === 'Start';
}

function isAskedToStop(machine: Readonly<Machine>, { metadata }: Readonly<Instance>): boolean {
  const request = firstRequest(machine);
  return request?.action === 'Stop' && request.uid === metadata.uid;
}

/** Also when the machine has just been given this strategy. */
function isAskedToRerun(machine: Readonly<Machine>): boolean {
  return isAskedToStart(machine) || machine.status?.runStrategy !== 'RerunOnFailure';
}

/** Whether the first request is done with and is to be dropped (isTrimFirstChangeRequestNeeded). */
export function isFirstRequestDone(machine: Readonly<Machine>, instance: Readonly<Instance> | undefined): boolean {
  const request = firstRequest(machine);
  if (request?.action === 'Stop') return !instance || request.uid !== instance.metadata.uid;
  if (request?.action !== 'Start' || !instance) return false;
  return !instance.metadata.deletionTimestamp && !isFinal(instance);
}

function stop({ metadata }: Readonly<Instance>, again: boolean): Decision {
  return metadata.deletionTimestamp ? none : { action: 'stop', again };
}

function startWhenDue({ machine, now }: Situation): Decision {
  const after = Date.parse(machine.status?.startFailure?.retryAfterTimestamp ?? '');
  const seconds = Number.isNaN(after) ? 0 : Math.ceil((after - now) / 1000);
  return seconds > 0 ? { action: 'wait', seconds } : { action: 'start' };
}

export function isFinal({ status }: Readonly<Instance>): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}
