import { type KubernetesObject, type Resource, resources } from '../../kubernetes/index.ts';
import { needsApply, withAppliedDigest } from '../drift.ts';
import { wantedReplicas } from '../effective-spec.ts';
import type { Action, Observed, StageOutcome } from '../model.ts';
import { disruptionBudget } from '../objects/disruption-budget.ts';
import { type ManagementPeer, networkPolicy } from '../objects/network-policy.ts';
import { controllerUid } from '../objects/owner.ts';
import { podMonitor } from '../objects/pod-monitor.ts';
import { service } from '../objects/service.ts';

/** What stands beside an app's instances: Service, NetworkPolicy, PodDisruptionBudget, PodMonitor. */
export function ensureCompanions(observed: Observed, peers: readonly ManagementPeer[]): StageOutcome {
  const { app, owned } = observed;
  const { name, namespace = '', uid = '' } = app.metadata;
  const owner = { name, namespace, uid };
  const pairs: [Resource, KubernetesObject | undefined, KubernetesObject | undefined][] = [
    [resources.services, service(owner, app.spec), owned.service],
    [resources.networkPolicies, networkPolicy(owner, app.spec, peers), owned.networkPolicy],
    [resources.podDisruptionBudgets, disruptionBudget(owner, wantedReplicas(app.spec)), owned.disruptionBudget],
  ];
  if (observed.podMonitors) pairs.push([resources.podMonitors, podMonitor(owner, app.spec), owned.podMonitor]);
  return { actions: pairs.flatMap(([resource, wanted, present]) => reconcile(resource, wanted, present, uid)) };
}

function reconcile(
  resource: Resource,
  wanted: KubernetesObject | undefined,
  present: KubernetesObject | undefined,
  ownerUid: string,
): Action[] {
  if (wanted) {
    const object = withAppliedDigest(wanted);
    if (!needsApply(object, present)) return [];
    return [
      { type: 'apply', resource, object, takeOver: present !== undefined && controllerUid(present) === ownerUid },
    ];
  }
  // Somebody else's object with the app's name is left alone.
  if (!present || controllerUid(present) !== ownerUid) return [];
  const { name, namespace, uid } = present.metadata;
  return [
    { type: 'delete', resource, reference: { name, ...(namespace ? { namespace } : {}) }, ...(uid ? { uid } : {}) },
  ];
}
