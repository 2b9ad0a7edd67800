import { type KubernetesObject, type Resource, resources } from '../../kubernetes/index.ts';
import { needsApply, withAppliedDigest } from '../drift.ts';
import { wantedReplicas } from '../effective-spec.ts';
import type { Action, Observed, StageOutcome } from '../model.ts';
import { disruptionBudget } from '../objects/disruption-budget.ts';
import { type ManagementPeer, networkPolicy } from '../objects/network-policy.ts';
import { controllerUid } from '../objects/owner.ts';
import { podMonitor } from '../objects/pod-monitor.ts';
import { service } from '../objects/service.ts';

/** Guards the instances' network from their first moment, so it stands before them. */
export function ensureNetworkPolicy({ app, owned }: Observed, peers: readonly ManagementPeer[]): StageOutcome {
  const { name, namespace = '', uid = '' } = app.metadata;
  const wanted = networkPolicy({ name, namespace, uid }, app.spec, peers);
  return { actions: reconcile(resources.networkPolicies, wanted, owned.networkPolicy, uid) };
}

/** What stands beside an app's instances and can follow them: Service, PodDisruptionBudget, PodMonitor. */
export function ensureCompanions(observed: Observed): StageOutcome {
  const { app, owned } = observed;
  const { name, namespace = '', uid = '' } = app.metadata;
  const owner = { name, namespace, uid };
  const pairs: [Resource, KubernetesObject | undefined, KubernetesObject | undefined][] = [
    [resources.services, service(owner, app.spec), owned.service],
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
