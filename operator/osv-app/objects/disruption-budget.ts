import { instanceSelector } from '../labels.ts';
import { companionMetadata, type Owner } from './owner.ts';

/**
 * Lets a node's drain take instances one after another; undefined for a single instance, whose drain it would block.
 *
 * It is a number of instances that must stay, because launcher pods belong to VirtualMachineInstances, which have no
 * scale subresource: for such pods a budget cannot be told as maxUnavailable (Kubernetes documentation, "Specifying a
 * Disruption Budget for your Application", arbitrary workloads).
 */
export function disruptionBudget(owner: Owner, replicas: number) {
  if (replicas < 2) return undefined;
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: companionMetadata(owner),
    spec: { minAvailable: replicas - 1, selector: { matchLabels: instanceSelector(owner.name) } },
  };
}
