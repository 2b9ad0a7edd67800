import type { ObjectReference, Pod, VirtualMachineInstance } from '@osv/operator/kubernetes';

/** The VMI that a pod is the launcher of; undefined for ordinary pods. */
export function guestOfPod(pod: Readonly<Pod>): (ObjectReference & { uid: string }) | undefined {
  const owner = pod.metadata.ownerReferences?.find(({ kind }) => kind === 'VirtualMachineInstance');
  if (!owner || pod.metadata.labels?.['kubevirt.io'] !== 'virt-launcher') return undefined;
  return { namespace: pod.metadata.namespace ?? '', name: owner.name, uid: owner.uid };
}

/** The container that the guest runs in. */
export const computeContainer = 'compute';

export function isFinal(vmi: Readonly<VirtualMachineInstance>): boolean {
  return vmi.status?.phase === 'Succeeded' || vmi.status?.phase === 'Failed';
}

export function isTerminal(pod: Readonly<Pod>): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}
