import type { ObjectMeta, PersistentVolumeClaim, Pod } from '@osv/operator/kubernetes';
import { annotations, finalizers, labels } from '../../kubevirt-names.ts';
import { Quantity } from '../../quantity.ts';
import type { Condition, Instance, InstanceStatus, Phase } from '../../types.ts';
import { hasCondition, withCondition, withoutCondition } from '../conditions.ts';
import { imageProblem, isDownOrGoingDown, isStarted } from './pods.ts';
import { readyCondition } from './ready-condition.ts';
import { interfaceStatus, volumeStatus } from './resource-status.ts';

export interface SyncProblem {
  reason: string;
  message: string;
}

export interface StateInput {
  instance: Readonly<Instance>;
  pod: Readonly<Pod> | undefined;
  /** All pods of the instance, that one included. */
  ownedPods: readonly Readonly<Pod>[];
  launcherImage: string;
  claimOf: (name: string) => Readonly<PersistentVolumeClaim> | undefined;
  /** Whether the VirtualMachine that owns the instance exists. */
  hasMachine: boolean;
  problem?: SyncProblem | undefined;
  /** RFC 3339. */
  now: string;
}

export interface State {
  labels: Record<string, string>;
  finalizers: string[];
  status: InstanceStatus;
}

/** What instance and status should be by now (updateStatus in pkg/virt-controller/watch/vmi/lifecycle.go of KubeVirt). */
export function nextState(input: StateInput): State {
  const { instance, pod, ownedPods } = input;
  const state = currentState(instance);
  const { status } = state;
  if (ownedPods.length > 0 || status.activePods) {
    const entries = ownedPods.map(({ metadata, spec }) => [metadata.uid, spec?.nodeName ?? '']);
    setOrDelete(status, 'activePods', entries.length > 0 ? Object.fromEntries(entries) : undefined);
  }
  status.conditions = withCondition(status.conditions ?? [], readyCondition(input));
  if (pod) noteLauncher(state, pod, input.launcherImage);
  let { problem } = input;
  const handler = handlers[instance.status?.phase ?? 'Pending'];
  problem = handler?.(state, input) ?? problem;
  // An instance that runs belongs to its node's agent: only what is told apart below is written then.
  if (isHandedOver(instance)) return state;
  status.conditions = withProblem(status.conditions, problem, input.now);
  if (status.phase !== instance.status?.phase) noteTransition(status, input.now);
  return state;
}

export function isHandedOver({ status }: Readonly<Instance>): boolean {
  return status?.phase === 'Scheduled' || status?.phase === 'Running';
}

type PhaseHandler = (state: State, input: StateInput) => SyncProblem | undefined;

const handlers: Partial<Record<Phase, PhaseHandler>> = {
  Pending({ status }, { instance, pod, problem, now }) {
    if (pod) status.phase = 'Scheduling';
    else if (instance.metadata.deletionTimestamp) status.phase = 'Failed';
    else if (problem?.reason === 'FailedPvcNotFound') {
      const unschedulable = {
        type: 'PodScheduled',
        status: 'False',
        reason: 'Unschedulable',
        message: problem.message,
      };
      const rest = withoutCondition(status.conditions ?? [], 'PodScheduled');
      status.conditions = [...rest, { ...unschedulable, lastProbeTime: null, lastTransitionTime: now }];
    }
    return undefined;
  },

  Scheduling(state, input) {
    const { status } = state;
    const { pod, instance } = input;
    if (!pod) {
      status.phase = 'Failed';
      return undefined;
    }
    setOrDelete(status, 'qosClass', pod.status?.qosClass as InstanceStatus['qosClass']);
    status.conditions = withPodScheduled(status.conditions ?? [], pod);
    if (isStarted(pod) && !instance.metadata.deletionTimestamp) {
      if (instance.spec.domain.cpu?.dedicatedCpuPlacement && pod.status?.qosClass !== 'Guaranteed') {
        return { reason: 'FailedGuaranteePodResources', message: 'the pod of the dedicated CPUs is not guaranteed' };
      }
      handOver(state, input, pod);
    } else if (isDownOrGoingDown(pod)) status.phase = 'Failed';
    return imageProblem(pod);
  },

  Scheduled({ status }, input) {
    if (input.pod) status.volumeStatus = volumeStatus(input);
    else status.phase = 'Failed';
    return undefined;
  },

  Running({ status }, input) {
    if (!input.pod) {
      status.phase = 'Failed';
      return undefined;
    }
    status.volumeStatus = volumeStatus(input);
    status.interfaces = interfaceStatus(input.instance);
    return undefined;
  },

  Succeeded: releaseWhenPodsAreGone,
  Failed: releaseWhenPodsAreGone,
};

function releaseWhenPodsAreGone(state: State, { ownedPods, hasMachine }: StateInput): undefined {
  if (ownedPods.length === 0) {
    state.finalizers = state.finalizers.filter((name) => name !== finalizers.instance);
    delete state.labels[labels.outdatedLauncherImage];
    delete state.status.launcherContainerImageVersion;
  }
  if (!hasMachine) state.finalizers = state.finalizers.filter((name) => name !== finalizers.machine);
}

/** From here on virt-handler on the node brings the guest up. */
function handOver(state: State, input: StateInput, pod: Readonly<Pod>): void {
  const { status } = state;
  const nodeName = pod.spec?.nodeName ?? '';
  status.volumeStatus = volumeStatus(input);
  status.interfaces = interfaceStatus(input.instance);
  status.phase = 'Scheduled';
  status.nodeName = nodeName;
  status.migrationTransport = 'Unix';
  state.labels[labels.nodeName] = nodeName;
}

function currentState({ metadata, status }: Readonly<Instance>): State {
  return {
    labels: { ...(metadata as ObjectMeta).labels },
    finalizers: [...((metadata as ObjectMeta).finalizers ?? [])],
    status: { phase: 'Pending', ...structuredClone(status) } as InstanceStatus,
  };
}

/** setLauncherContainerInfo, which marks launchers of another release as outdated, and updateMemoryOverheadStatusFromPod. */
function noteLauncher(state: State, { metadata, spec }: Readonly<Pod>, launcherImage: string): void {
  const image = spec?.containers.find(({ name }) => name === 'compute')?.image ?? '';
  if (image !== '' && image !== launcherImage) state.labels[labels.outdatedLauncherImage] = '';
  else delete state.labels[labels.outdatedLauncherImage];
  state.status.launcherContainerImageVersion = image;
  const overhead = metadata.annotations?.[annotations.memoryOverhead];
  if (overhead) state.status.memory = { ...state.status.memory, memoryOverhead: `${Quantity.bytes(BigInt(overhead))}` };
}

/** Only "not scheduled" is shown on the instance. */
function withPodScheduled(conditions: readonly Condition[], { status }: Readonly<Pod>): Condition[] {
  const scheduled = status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status !== 'False') return withoutCondition(conditions, 'PodScheduled');
  if (hasCondition(conditions, { type: 'PodScheduled' })) return [...conditions];
  const { type, reason, message, lastTransitionTime } = scheduled;
  return [
    ...conditions,
    { type, status: 'False', reason, message, lastProbeTime: null, lastTransitionTime } as Condition,
  ];
}

/** CheckFailure in pkg/controller/conditions.go. */
function withProblem(conditions: readonly Condition[], problem: SyncProblem | undefined, now: string): Condition[] {
  const type = 'Synchronized';
  if (!problem) return withoutCondition(conditions, type);
  if (hasCondition(conditions, { type, status: 'False', reason: problem.reason })) return [...conditions];
  const next = { type, status: 'False', ...problem, lastProbeTime: null, lastTransitionTime: now };
  return [...withoutCondition(conditions, type), next];
}

function noteTransition(status: InstanceStatus, now: string): void {
  const { phase } = status;
  const earlier = status.phaseTransitionTimestamps ?? [];
  if (!phase || earlier.some((transition) => transition.phase === phase)) return;
  status.phaseTransitionTimestamps = [...earlier, { phase, phaseTransitionTimestamp: now }] as typeof earlier;
}

function setOrDelete<T extends object, Name extends keyof T>(fields: T, name: Name, value: T[Name] | undefined): void {
  if (value === undefined) delete fields[name];
  else fields[name] = value;
}
