import { type KubernetesObject, resources } from '../../kubernetes/index.ts';
import { defaults } from '../effective-spec.ts';
import type { Action, Observed, ObservedSet } from '../model.ts';
import { bootSecretName, type RevisionPlan } from '../objects/instance-spec.ts';
import { replicaSet, replicaSetName } from '../objects/replica-set.ts';

/** Makes the set of a new revision, which is also its record in the history. */
export function createSet({ sets }: Observed, plan: RevisionPlan, replicas: number): Action[] {
  return [
    {
      type: 'apply',
      resource: resources.virtualMachineInstanceReplicaSets,
      object: replicaSet(plan, nextNumber(sets), replicas, false) as KubernetesObject,
      takeOver: false,
    },
    { type: 'event', severity: 'Normal', reason: 'RevisionCreated', message: `Rolling out revision ${plan.revision}.` },
  ];
}

function nextNumber(sets: readonly ObservedSet[]): number {
  return Math.max(0, ...sets.map(({ revisionNumber }) => revisionNumber)) + 1;
}

/** A revision that is wanted again becomes the newest one, as a Deployment's does: the history is in order of use. */
export function renumber({ sets }: Observed, current: ObservedSet): Action[] {
  const newest = sets.every((set) => set === current || set.revisionNumber < current.revisionNumber);
  return newest ? [] : [{ type: 'number-set', set: current.name, revisionNumber: nextNumber(sets) }];
}

/** Revisions without instances that are older than the history is long. */
export function pruneHistory({ app, sets, instances }: Observed, revision: string): Action[] {
  const limit = app.spec.revisionHistoryLimit ?? defaults.revisionHistoryLimit;
  const idle = sets
    .filter((set) => set.revision !== revision && !instances.some((instance) => instance.revision === set.revision))
    .sort((left, right) => right.revisionNumber - left.revisionNumber);
  const { name, namespace } = app.metadata;
  const inNamespace = (object: string) => ({ name: object, ...(namespace ? { namespace } : {}) });
  return idle.slice(limit).flatMap((set): Action[] => [
    {
      type: 'delete',
      resource: resources.virtualMachineInstanceReplicaSets,
      reference: inNamespace(replicaSetName(name, set.revision)),
      uid: set.uid,
    },
    { type: 'delete', resource: resources.secrets, reference: inNamespace(bootSecretName(name, set.revision)) },
  ]);
}
