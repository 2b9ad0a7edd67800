import type { Pod } from '@osv/operator/kubernetes';
import { hostAddress } from '../node/node-object.ts';
import { timestamp } from '../time.ts';

type PodStatus = NonNullable<Pod['status']>;
type Condition = NonNullable<PodStatus['conditions']>[number];
type ContainerStatus = NonNullable<PodStatus['containerStatuses']>[number];
type Container = NonNullable<Pod['spec']>['containers'][number];

/** What has become of a launcher pod, as its kubelet knows it; times are milliseconds since 1970. */
export type PodState =
  | { kind: 'waiting'; reason: string; message: string; since: number }
  | { kind: 'running'; podAddress: string; startedAt: number; started: boolean; ready: boolean }
  | {
      kind: 'ended';
      podAddress: string | undefined;
      startedAt: number;
      endedAt: number;
      exitCode: number;
      message: string;
    };

/**
 * The fields of a pod's status that a kubelet owns. Init containers count as done, or as running where they are
 * sidecars. `Ready` needs the readiness gates too, whose conditions others write.
 */
export function podStatus(pod: Readonly<Pod>, state: PodState, now: number): PodStatus {
  const initContainers = pod.spec?.initContainers ?? [];
  const containers = pod.spec?.containers ?? [];
  const addresses = state.kind === 'waiting' ? undefined : state.podAddress;
  return {
    phase: phaseOf(state),
    hostIP: hostAddress,
    hostIPs: [{ ip: hostAddress }],
    ...(addresses && { podIP: addresses, podIPs: [{ ip: addresses }] }),
    startTime: timestamp(state.kind === 'waiting' ? state.since : state.startedAt),
    ...(initContainers.length > 0 && {
      initContainerStatuses: initContainers.map((container) => initContainerStatus(container, state)),
    }),
    containerStatuses: containers.map((container) => containerStatus(container, state)),
    conditions: conditionsOf(pod, state, now),
    ...(state.kind === 'ended' && { message: state.message }),
  };
}

function phaseOf(state: PodState): string {
  if (state.kind === 'waiting') return 'Pending';
  if (state.kind === 'running') return 'Running';
  return state.exitCode === 0 ? 'Succeeded' : 'Failed';
}

function conditionsOf(pod: Readonly<Pod>, state: PodState, now: number): Condition[] {
  const running = state.kind === 'running';
  const containersReady = running && state.ready;
  const conditions = pod.status?.conditions ?? [];
  const gates = pod.spec?.readinessGates ?? [];
  const closed = gates.filter(
    ({ conditionType }) => conditions.find(({ type }) => type === conditionType)?.status !== 'True',
  );
  const why = state.kind === 'ended' ? 'PodCompleted' : 'ContainersNotReady';
  const condition = (type: string, holds: boolean, reason?: string, message?: string): Condition => {
    const status = holds ? 'True' : 'False';
    const old = conditions.find((each) => each.type === type);
    return {
      type,
      status,
      lastTransitionTime: old?.status === status && old.lastTransitionTime ? old.lastTransitionTime : timestamp(now),
      ...(!holds && reason && { reason }),
      ...(!holds && message && { message }),
    };
  };
  const gateMessage = closed.map(
    ({ conditionType }) => `corresponding condition of pod readiness gate "${conditionType}" does not hold.`,
  );
  return [
    condition('PodReadyToStartContainers', running),
    condition('Initialized', state.kind !== 'waiting', 'ContainersNotInitialized'),
    condition('ContainersReady', containersReady, why),
    closed.length > 0 && containersReady
      ? condition('Ready', false, 'ReadinessGatesNotReady', gateMessage.join(' '))
      : condition('Ready', containersReady, why),
  ];
}

function containerStatus(container: Container, state: PodState): ContainerStatus {
  const { name, image = '' } = container;
  const base = { name, image, restartCount: 0 };
  if (state.kind === 'waiting') {
    const waiting = { reason: state.reason, message: state.message };
    return { ...base, imageID: '', ready: false, started: false, state: { waiting } };
  }
  const identity = { imageID: image, containerID: `osv://${name}` };
  const startedAt = timestamp(state.startedAt);
  if (state.kind === 'running') {
    return { ...base, ...identity, ready: state.ready, started: state.started, state: { running: { startedAt } } };
  }
  const { exitCode, message } = state;
  const reason = exitCode === 0 ? 'Completed' : 'Error';
  const finishedAt = timestamp(state.endedAt);
  // The API server drops empty strings, and a status that never reads as it was written would be written for ever.
  const terminated = { exitCode, reason, startedAt, finishedAt, ...(message && { message }) };
  return { ...base, ...identity, ready: false, started: false, state: { terminated } };
}

/** An init container with restartPolicy Always is a sidecar and lives as long as the pod. */
function initContainerStatus(container: Container, state: PodState): ContainerStatus {
  if (state.kind === 'waiting') return containerStatus(container, state);
  if (container.restartPolicy === 'Always') {
    return containerStatus(container, state.kind === 'running' ? { ...state, started: true, ready: true } : state);
  }
  const ended = { kind: 'ended', endedAt: state.startedAt, exitCode: 0, message: '' } as const;
  const status = containerStatus(container, { ...ended, podAddress: undefined, startedAt: state.startedAt });
  return { ...status, ready: true };
}

/** Whether everything that `wanted` says is already so in `actual`; lists are compared as a whole, except conditions. */
export function alreadySays(actual: unknown, wanted: unknown): boolean {
  if (wanted === null || typeof wanted !== 'object') return actual === wanted;
  if (actual === null || typeof actual !== 'object') return false;
  if (Array.isArray(wanted)) {
    if (!Array.isArray(actual)) return false;
    const typed = wanted.every((item) => typeof item === 'object' && item !== null && 'type' in item);
    if (!typed && actual.length !== wanted.length) return false;
    return wanted.every((item, index) => {
      const other = typed ? actual.find((each) => each?.type === item.type) : actual[index];
      return alreadySays(other, item);
    });
  }
  return Object.entries(wanted).every(([key, value]) => alreadySays((actual as Record<string, unknown>)[key], value));
}
