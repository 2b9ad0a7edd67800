import type { VirtualMachine, VirtualMachineInstance } from '../kubernetes/index.ts';
import type { KeptSet } from './kept.ts';
import { annotations, labels } from './labels.ts';
import type { ObservedInstance, ObservedMachine, ObservedSet } from './model.ts';
import { controllerUid } from './objects/owner.ts';
import type { Crash } from './rollout/back-off.ts';
import { setContents } from './set-contents.ts';

/** KubeVirt's phases from which an instance does not come back. */
const finalPhases = new Set(['Succeeded', 'Failed']);
/** Why virt-controller fails an instance whose node says nothing any more (pkg/virt-controller/watch/node). */
const nodeLost = 'NodeUnresponsive';

export function hasEnded({ status }: VirtualMachineInstance): boolean {
  return finalPhases.has(status?.phase ?? '');
}

export function observeSet(set: KeptSet): ObservedSet {
  const { metadata, spec, status } = set;
  return {
    name: metadata.name,
    uid: metadata.uid ?? '',
    revision: metadata.labels?.[labels.revision] ?? '',
    revisionNumber: Number(metadata.annotations?.[annotations.revisionNumber] ?? 0),
    replicas: spec.replicas ?? 1,
    paused: spec.paused ?? false,
    pauseObserved: (status?.conditions ?? []).some(
      (condition) => condition.type === 'ReplicaPaused' && condition.status === 'True',
    ),
    contents: set.contents ?? setContents(set),
    madeWith: metadata.annotations?.[annotations.applied],
  };
}

export function observeMachine({ metadata, spec, status }: VirtualMachine): ObservedMachine {
  const failure = status?.conditions?.find(({ type, status: state }) => type === 'Failure' && state === 'True');
  return {
    name: metadata.name,
    uid: metadata.uid ?? '',
    ordinal: Number(metadata.labels?.[labels.ordinal] ?? -1),
    revision: metadata.labels?.[labels.revision] ?? '',
    runStrategy: spec.runStrategy ?? '',
    leaving: metadata.deletionTimestamp !== undefined,
    problem: failure?.message,
  };
}

export function observeInstance(instance: VirtualMachineInstance): ObservedInstance {
  const { metadata, status } = instance;
  const conditions = status?.conditions ?? [];
  const phase = status?.phase ?? '';
  const refusal = conditions.find(
    ({ type, status: state, message }) =>
      ['Synchronized', 'PodScheduled'].includes(type) && state === 'False' && message,
  );
  return {
    name: metadata.name,
    uid: metadata.uid ?? '',
    ownerUid: controllerUid(instance) ?? '',
    revision: metadata.labels?.[labels.revision] ?? '',
    phase,
    ready: conditions.some(({ type, status: state }) => type === 'Ready' && state === 'True'),
    leaving: metadata.deletionTimestamp !== undefined || finalPhases.has(phase),
    node: status?.nodeName,
    address: status?.interfaces?.find(({ ipAddress }) => ipAddress)?.ipAddress,
    createdAt: new Date(metadata.creationTimestamp ?? 0),
    problem: refusal?.message,
  };
}

/**
 * The crash of an instance that ended before anybody asked it to; undefined for one that runs, was deleted, or was lost
 * with its node, which says nothing about the program.
 * `deletionTimestamp` is when the grace period is over, not when the deletion was asked for; both times are whole
 * seconds, so an end in the second of the deletion counts as its effect.
 *
 * @param seenBefore it was seen to have ended before its deletion was asked for
 */
export function crashOf(instance: VirtualMachineInstance, seenBefore: boolean): Crash | undefined {
  const { metadata, status } = instance;
  const ended = status?.phaseTransitionTimestamps?.find(({ phase }) => finalPhases.has(phase ?? ''));
  if (!ended?.phaseTransitionTimestamp || status?.reason === nodeLost) return undefined;
  const at = new Date(ended.phaseTransitionTimestamp);
  if (metadata.deletionTimestamp !== undefined && !seenBefore) {
    const graceMilliseconds = (metadata.deletionGracePeriodSeconds ?? 0) * 1000;
    if (at.getTime() >= Date.parse(metadata.deletionTimestamp) - graceMilliseconds) return undefined;
  }
  return {
    instance: metadata.name,
    uid: metadata.uid ?? '',
    phase: ended.phase ?? '',
    revision: metadata.labels?.[labels.revision] ?? '',
    createdAt: new Date(metadata.creationTimestamp ?? at),
    at,
  };
}
