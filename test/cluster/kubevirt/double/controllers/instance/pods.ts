import type { Pod } from '@osv/operator/kubernetes';
import type { Instance } from '../../types.ts';

/** Predicates of pkg/controller/controller.go of KubeVirt. */

type ContainerStatus = NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number];

function computeStatus({ status }: Readonly<Pod>): ContainerStatus | undefined {
  return status?.containerStatuses?.find(({ name }) => name === 'compute');
}

export function isFinished({ status }: Readonly<Pod>): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

export function isDownOrGoingDown(pod: Readonly<Pod>): boolean {
  const terminated = computeStatus(pod)?.state?.terminated;
  return isFinished(pod) || Boolean(terminated) || pod.metadata.deletionTimestamp !== undefined;
}

/** Whether the guest may be started: `compute` runs, ready or not, and all others are ready. */
export function isStarted(pod: Readonly<Pod>): boolean {
  if (isDownOrGoingDown(pod) || pod.status?.phase !== 'Running') return false;
  return (pod.status.containerStatuses ?? []).every(({ name, state, ready }) =>
    name === 'compute' || name === 'istio-proxy' ? Boolean(state?.running) : ready,
  );
}

/** The message of a container whose image cannot be pulled. */
export function imageProblem({ status }: Readonly<Pod>): { reason: string; message: string } | undefined {
  for (const { state } of [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]) {
    const { reason = '', message = '' } = state?.waiting ?? {};
    if (reason === 'ErrImagePull' || reason === 'ImagePullBackOff') return { reason, message };
  }
  return undefined;
}

/** The newest pod on the instance's node, or the newest of all while it has no node (CurrentVMIPod). */
export function currentPod({ status }: Readonly<Instance>, owned: readonly Readonly<Pod>[]): Readonly<Pod> | undefined {
  return owned
    .filter(({ spec }) => !status?.nodeName || status.nodeName === spec?.nodeName)
    .toSorted((left, right) => created(right).localeCompare(created(left)))[0];
}

function created({ metadata }: Readonly<Pod>): string {
  return metadata.creationTimestamp ?? '';
}
