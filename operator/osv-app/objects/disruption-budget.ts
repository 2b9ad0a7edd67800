import { appLabels, instanceSelector } from '../labels.ts';
import { type Owner, ownerReference } from './owner.ts';

/** Lets a node's drain take instances one after another; undefined for a single instance, whose drain it would block. */
export function disruptionBudget(owner: Owner, replicas: number) {
  if (replicas < 2) return undefined;
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: {
      name: owner.name,
      namespace: owner.namespace,
      labels: appLabels(owner.name),
      ownerReferences: [ownerReference(owner)],
    },
    spec: { maxUnavailable: 1, selector: { matchLabels: instanceSelector(owner.name) } },
  };
}
