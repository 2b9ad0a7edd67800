import type { V1VirtualMachine } from '@kubevirt-ui-ext/kubevirt-api/kubevirt';
import { appLabels, labels } from '../labels.ts';
import { instanceSpec, type RevisionPlan } from './instance-spec.ts';
import { ownerReference } from './owner.ts';
import { claimOfVolume } from './volume-claim.ts';

export function machineName(appName: string, ordinal: number): string {
  return `${appName}-${ordinal}`;
}

/**
 * The VirtualMachine of one ordinal, running a revision. A change of the template reaches the guest when its instance is
 * deleted and KubeVirt makes the next one.
 */
export function virtualMachine(plan: RevisionPlan, ordinal: number): V1VirtualMachine {
  const { owner, revision } = plan;
  const machineLabels = { ...appLabels(owner.name), [labels.revision]: revision, [labels.ordinal]: String(ordinal) };
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: {
      name: machineName(owner.name, ordinal),
      namespace: owner.namespace,
      labels: machineLabels,
      ownerReferences: [ownerReference(owner)],
    },
    spec: {
      runStrategy: 'Always',
      template: {
        metadata: { labels: machineLabels },
        spec: instanceSpec(plan, (volume) => claimOfVolume(owner.name, volume, ordinal)),
      },
    },
  };
}
