import type { Pod } from '@osv/operator/kubernetes';
import { hostAddress } from '../node/node-object.ts';
import { timestamp } from '../time.ts';
import type { ContainerReport, Ending } from './container.ts';
import { isSidecar } from './container.ts';
import type { PodReport } from './running-pod.ts';

type PodStatus = NonNullable<Pod['status']>;
type Condition = NonNullable<PodStatus['conditions']>[number];
type ContainerStatus = NonNullable<PodStatus['containerStatuses']>[number];

/** The fields of an ordinary pod's status that a kubelet owns. */
export function ordinaryPodStatus(pod: Readonly<Pod>, report: PodReport, now: number): PodStatus {
  const phase = phaseOf(pod, report);
  const running = phase === 'Running';
  const { podAddress, initContainers, containers } = report;
  return {
    phase,
    hostIP: hostAddress,
    hostIPs: [{ ip: hostAddress }],
    podIP: podAddress,
    podIPs: [{ ip: podAddress }],
    startTime: pod.status?.startTime ?? (timestamp(report.startedAt) as never),
    ...(initContainers.length > 0 && { initContainerStatuses: initContainers.map(containerStatus) }),
    containerStatuses: containers.map(containerStatus),
    conditions: conditionsOf(pod, report, running, now),
    ...(report.over && report.failure && { message: report.failure }),
  };
}

function phaseOf(pod: Readonly<Pod>, { over, containers, initContainers, failure }: PodReport): string {
  if (over) {
    const ended = containers.every(({ state }) => state.kind === 'ended' && state.exitCode === 0);
    return ended && !failure ? 'Succeeded' : 'Failed';
  }
  const initial = (pod.spec?.initContainers ?? []).every((container, index) => {
    const state = initContainers[index]?.state;
    return isSidecar(container) ? state?.kind === 'running' : state?.kind === 'ended' && state.exitCode === 0;
  });
  const begun = containers.some(({ state, last }) => state.kind !== 'waiting' || last);
  return begun || (initial && containers.length === 0) ? 'Running' : 'Pending';
}

function conditionsOf(pod: Readonly<Pod>, report: PodReport, running: boolean, now: number): Condition[] {
  const conditions = pod.status?.conditions ?? [];
  const ready =
    running && report.containers.every(({ state }) => state.kind === 'running' && state.started && state.ready);
  const why = report.over ? 'PodCompleted' : 'ContainersNotReady';
  const gates = pod.spec?.readinessGates ?? [];
  const open = gates.every(
    ({ conditionType }) => conditions.find(({ type }) => type === conditionType)?.status === 'True',
  );
  const condition = (type: string, holds: boolean, reason?: string): Condition => {
    const status = holds ? 'True' : 'False';
    const old = conditions.find((each) => each.type === type);
    const since = old?.status === status && old.lastTransitionTime ? old.lastTransitionTime : timestamp(now);
    return { type, status, lastTransitionTime: since as never, ...(!holds && reason && { reason }) };
  };
  return [
    condition('PodReadyToStartContainers', !report.over),
    condition('Initialized', running || report.over, 'ContainersNotInitialized'),
    condition('ContainersReady', ready, why),
    condition('Ready', ready && open, ready ? 'ReadinessGatesNotReady' : why),
  ];
}

/** The API server drops empty strings, and a status that never reads as it was written would be written for ever. */
function containerStatus({ name, image, imageId, restarts, state, last }: ContainerReport): ContainerStatus {
  const run = `osv://${name}/${restarts}`;
  const base = {
    name,
    image,
    imageID: imageId,
    restartCount: restarts,
    ...(last && { lastState: { terminated: terminated(last, run) } }),
  };
  if (state.kind === 'waiting') {
    const { reason, message } = state;
    return { ...base, ready: false, started: false, state: { waiting: { reason, ...(message && { message }) } } };
  }
  if (state.kind === 'running') {
    const running = { startedAt: timestamp(state.startedAt) as never };
    return { ...base, containerID: run, ready: state.ready, started: state.started, state: { running } };
  }
  return { ...base, containerID: run, ready: false, started: false, state: { terminated: terminated(state, run) } };
}

function terminated({ exitCode, reason, message, startedAt, endedAt }: Ending, containerID: string) {
  const times = { startedAt: timestamp(startedAt) as never, finishedAt: timestamp(endedAt) as never };
  return { exitCode, reason, ...times, containerID, ...(message && { message }) };
}
