import { timestamp } from '../../admission/defaults.ts';
import type { Instance, Machine, StartFailure } from '../../types.ts';
import { isFinal, strategyOf } from './run-strategy.ts';

const delaySecondsMax = 300;
const intervalSeconds = 10;
/** Those that start a machine again by themselves. */
const restarting = ['Always', 'RerunOnFailure', 'Once'];

/**
 * How often the machine's instances have failed before they ran, and when to try again (syncStartFailureStatus in vm.go of
 * KubeVirt). An instance that failed after it ran counts as none: it is started again at once, however often that happens.
 *
 * @param now milliseconds since 1970
 */
export function nextStartFailure(
  machine: Readonly<Machine>,
  instance: Readonly<Instance> | undefined,
  now: number,
  random: () => number,
): StartFailure | undefined {
  const known = machine.status?.startFailure ?? undefined;
  if (hasRun(instance) || !restarting.includes(strategyOf(machine))) return undefined;
  if (!instance || !isFinal(instance) || known?.lastFailedVMIUID === instance.metadata.uid) return known;
  const count = (known?.consecutiveFailCount ?? 0) + 1;
  return {
    consecutiveFailCount: count,
    lastFailedVMIUID: instance.metadata.uid ?? '',
    retryAfterTimestamp: timestamp(new Date(now + backOffSeconds(count, random) * 1000)),
  };
}

/** calculateStartBackoffTime: squared, with up to half as much again so that failures don't march in step. */
function backOffSeconds(count: number, random: () => number): number {
  const delay = intervalSeconds * count ** 2;
  return Math.min(delaySecondsMax, delay + Math.floor(random() * (Math.floor(delay / 2) + 1)));
}

function hasRun(instance: Readonly<Instance> | undefined): boolean {
  return instance?.status?.phaseTransitionTimestamps?.some(({ phase }) => phase === 'Running') ?? false;
}
