import { type OwnerReference, type Resource, resources } from '@osv/operator/kubernetes';
import type { Machine } from '../../types.ts';

export const machines = resources.virtualMachines as Resource as Resource<Machine>;

/** Makes the machine the controller of what it owns. */
export function machineReference({ metadata }: Readonly<Machine>): OwnerReference {
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: machines.kind,
    name: metadata.name,
    uid: metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
}
