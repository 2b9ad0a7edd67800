import type { V1VirtualMachineInstanceReplicaSet } from '@kubevirt-ui-ext/kubevirt-api/kubevirt';
import { annotations, appLabels, labels } from '../labels.ts';
import { canonicalJson } from '../revision.ts';
import { instanceSpec, type RevisionPlan } from './instance-spec.ts';
import { ownerReference } from './owner.ts';

export function replicaSetName(appName: string, revision: string): string {
  return `${appName}-${revision}`;
}

/**
 * The VirtualMachineInstanceReplicaSet of a revision. Its replicas and pause change while it lives, and nothing else. It
 * is also the record of the revision: that of an app whose instances are VirtualMachines always stays empty.
 */
export function replicaSet(
  plan: RevisionPlan,
  revisionNumber: number,
  replicas: number,
  paused: boolean,
): V1VirtualMachineInstanceReplicaSet {
  const { owner, revision } = plan;
  const instanceLabels = { ...appLabels(owner.name), [labels.revision]: revision };
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstanceReplicaSet',
    metadata: {
      name: replicaSetName(owner.name, revision),
      namespace: owner.namespace,
      labels: instanceLabels,
      annotations: {
        [annotations.revisionNumber]: String(revisionNumber),
        [annotations.revisionSpec]: canonicalJson(plan.spec),
      },
      ownerReferences: [ownerReference(owner)],
    },
    spec: {
      replicas,
      paused,
      selector: { matchLabels: { [labels.app]: owner.name, [labels.revision]: revision } },
      template: {
        // Without it KubeVirt puts nothing between the set's name and the random part.
        metadata: { generateName: `${replicaSetName(owner.name, revision)}-`, labels: instanceLabels },
        spec: instanceSpec(plan),
      },
    },
  };
}
