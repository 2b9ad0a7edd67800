import { type Resource, resources, type VirtualMachineInstanceReplicaSet } from '../../kubernetes/index.ts';
import { defaults } from '../effective-spec.ts';
import { annotations } from '../labels.ts';
import type { Action, Observed, ObservedSet } from '../model.ts';
import { bootSecretName, type RevisionPlan } from '../objects/instance-spec.ts';
import { replicaSet, replicaSetName } from '../objects/replica-set.ts';
import { setContents } from '../set-contents.ts';

/** The set of a revision as this operator makes it, with the digest that tells later whether it is still like that. */
function wantedSet(
  plan: RevisionPlan,
  { revisionNumber, replicas, paused }: Pick<ObservedSet, 'revisionNumber' | 'replicas' | 'paused'>,
): VirtualMachineInstanceReplicaSet {
  const set = replicaSet(plan, revisionNumber, replicas, paused) as VirtualMachineInstanceReplicaSet;
  const notes = { ...set.metadata.annotations, [annotations.applied]: setContents(set) };
  return { ...set, metadata: { ...set.metadata, annotations: notes } };
}

/** Makes the set of a new revision, which is also its record in the history. */
export function createSet({ sets }: Observed, plan: RevisionPlan, replicas: number): Action[] {
  return [
    {
      type: 'apply',
      resource: resources.virtualMachineInstanceReplicaSets as Resource,
      object: wantedSet(plan, { revisionNumber: nextNumber(sets), replicas, paused: false }),
      takeOver: false,
    },
    { type: 'event', severity: 'Normal', reason: 'RevisionCreated', message: `Rolling out revision ${plan.revision}.` },
  ];
}

/**
 * Brings the current set back to what it was made with when somebody has changed it. A set that another version of the
 * operator made another way stays as it is: its instances should all be the same.
 */
export function mend(
  observed: Observed,
  plan: RevisionPlan,
  current: ObservedSet | undefined,
): { actions: readonly Action[]; requeueAfterSeconds?: number } {
  if (!current || current.contents === current.madeWith) return { actions: [] };
  const last = observed.mends.get(current.uid);
  if (current.contents === last?.contents) return { actions: [] };
  const set = wantedSet(plan, current);
  if (set.metadata.annotations?.[annotations.applied] !== current.madeWith) return { actions: [] };
  const waitSeconds = ((last?.notBefore.getTime() ?? 0) - observed.now.getTime()) / 1000;
  if (waitSeconds > 0) return { actions: [], requeueAfterSeconds: waitSeconds };
  return { actions: [{ type: 'mend-set', set, found: current.contents }] };
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
