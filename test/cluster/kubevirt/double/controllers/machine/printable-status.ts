import type { Condition, Instance, Machine } from '../../types.ts';
import { hasCondition } from '../conditions.ts';
import { isFinal, isSetToStart, strategyOf } from './run-strategy.ts';

export interface Shown {
  machine: Readonly<Machine>;
  instance: Readonly<Instance> | undefined;
  /** An instance was just made, or deleted, and is not seen yet. */
  isStarting: boolean;
  isStopping: boolean;
  hasUnboundClaim: boolean;
}

type Test = (shown: Shown, conditions: readonly Condition[]) => boolean;

const startingPhases = ['Pending', 'Scheduling', 'Scheduled'];

/** The first that holds is shown (setPrintableStatus in vm.go of KubeVirt). */
const statuses: readonly [name: string, holds: Test][] = [
  ['Terminating', ({ machine }) => machine.metadata.deletionTimestamp !== undefined],
  [
    'Stopping',
    ({ instance, isStopping }) =>
      instance !== undefined && !isFinal(instance) && (Boolean(instance.metadata.deletionTimestamp) || isStopping),
  ],
  ['Paused', ({ instance }, conditions) => isRunning(instance) && isPaused(conditions)],
  ['Running', ({ instance }, conditions) => isRunning(instance) && !isPaused(conditions)],
  ['ErrorPvcNotFound', (_, conditions) => isOutOfStep(conditions, 'FailedPvcNotFound')],
  [
    'ErrorUnschedulable',
    (_, conditions) => hasCondition(conditions, { type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }),
  ],
  [
    'WaitingForVolumeBinding',
    ({ machine, instance, hasUnboundClaim }) => hasUnboundClaim && isSetToStart(machine, instance),
  ],
  ['ErrImagePull', (_, conditions) => isOutOfStep(conditions, 'ErrImagePull')],
  ['ImagePullBackOff', (_, conditions) => isOutOfStep(conditions, 'ImagePullBackOff')],
  [
    'Starting',
    ({ instance, isStarting }) =>
      instance ? startingPhases.includes(instance.status?.phase ?? 'Pending') : isStarting,
  ],
  [
    'CrashLoopBackOff',
    ({ machine, instance, isStarting }) =>
      (instance ? isFinal(instance) : !isStarting) &&
      (machine.status?.startFailure?.consecutiveFailCount ?? 0) > 0 &&
      ['Always', 'RerunOnFailure', 'Once'].includes(strategyOf(machine)),
  ],
  ['Stopped', ({ instance, isStarting }) => (instance ? isFinal(instance) : !isStarting)],
];

export function printableStatus(shown: Shown): string {
  const conditions = shown.instance?.status?.conditions ?? [];
  return statuses.find(([, holds]) => holds(shown, conditions))?.[0] ?? 'Unknown';
}

function isRunning(instance: Readonly<Instance> | undefined): boolean {
  return instance?.status?.phase === 'Running';
}

function isPaused(conditions: readonly Condition[]): boolean {
  return hasCondition(conditions, { type: 'Paused', status: 'True' });
}

function isOutOfStep(conditions: readonly Condition[], reason: string): boolean {
  return hasCondition(conditions, { type: 'Synchronized', status: 'False', reason });
}
