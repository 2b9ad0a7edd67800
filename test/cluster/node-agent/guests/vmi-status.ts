import type { VirtualMachineInstance } from '@osv/operator/kubernetes';
import type { GuestOutcome } from '../machine/guest-end.ts';
import { timestamp } from '../time.ts';
import type { GuestEntry } from './guest-table.ts';

type Status = NonNullable<VirtualMachineInstance['status']>;
/** The generated type of the library leaves the times out. */
type Condition = NonNullable<Status['conditions']>[number] & {
  lastProbeTime?: string | null;
  lastTransitionTime?: string;
};

/** Status of a VMI whose machine has been started, as virt-handler reports it. */
export function runningStatus(vmi: Readonly<VirtualMachineInstance>, entry: GuestEntry, now: number): Partial<Status> {
  const [first] = vmi.spec.domain.devices.interfaces ?? [];
  return {
    ...phaseStatus(vmi, 'Running', now),
    ...(first && {
      interfaces: [
        {
          name: first.name,
          ipAddress: entry.podAddress,
          ipAddresses: [entry.podAddress],
          infoSource: 'domain',
          queueCount: 1,
          ...(entry.macAddress && { mac: entry.macAddress }),
        },
      ],
    }),
    conditions: [
      ...withoutConditions(vmi, ['Synchronized', 'LiveMigratable']),
      {
        ...condition('LiveMigratable', 'False', now),
        reason: 'HostNotLiveMigratable',
        message: 'The node agent of the test cluster does not migrate guests.',
      },
    ],
  };
}

/** Status of a VMI whose machine has ended. */
export function endedStatus(
  vmi: Readonly<VirtualMachineInstance>,
  outcome: GuestOutcome,
  now: number,
): Partial<Status> {
  return {
    ...phaseStatus(vmi, outcome.phase, now),
    // A machine that has ended has no agent and is not paused; virt-handler takes these away too.
    conditions: withoutConditions(vmi, ['AgentConnected', 'Paused']),
  };
}

/** Status of a VMI whose machine could not be started so far. */
export function unsynchronizedStatus(
  vmi: Readonly<VirtualMachineInstance>,
  message: string,
  now: number,
): Partial<Status> {
  const old = vmi.status?.conditions?.find(({ type }) => type === 'Synchronized');
  const next = old?.status === 'False' ? old : condition('Synchronized', 'False', now);
  const reason = 'Synchronizing with the Domain failed.';
  return { conditions: [...withoutConditions(vmi, ['Synchronized']), { ...next, reason, message }] };
}

function phaseStatus(vmi: Readonly<VirtualMachineInstance>, phase: string, now: number): Partial<Status> {
  const earlier = vmi.status?.phaseTransitionTimestamps ?? [];
  if (earlier.some((each) => each.phase === phase)) return { phase };
  return {
    phase,
    phaseTransitionTimestamps: [...earlier, { phase, phaseTransitionTimestamp: timestamp(now) }],
  };
}

function withoutConditions(vmi: Readonly<VirtualMachineInstance>, types: readonly string[]): Condition[] {
  return (vmi.status?.conditions ?? []).filter(({ type }) => !types.includes(type));
}

function condition(type: string, status: 'True' | 'False', now: number): Condition {
  return { type, status, lastProbeTime: timestamp(now), lastTransitionTime: timestamp(now) };
}
