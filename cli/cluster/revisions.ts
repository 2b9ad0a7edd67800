import { type OsvApp, resources, type VirtualMachineInstanceReplicaSet } from '@osv/operator/kubernetes';
import { hasMachines } from '@osv/operator/osv-app/effective-spec.ts';
import { annotations, labels } from '@osv/operator/osv-app/labels.ts';
import { canonicalJson, type RevisionSpec, revisionSpec } from '@osv/operator/osv-app/revision.ts';
import { CommandError } from '../command-error.ts';
import { listAll } from './app.ts';
import type { ClusterConnection } from './connect.ts';

/** What an app was at one time, kept by the operator as a replica set. */
export interface Revision {
  number: number;
  /** Of the VirtualMachineInstanceReplicaSet. */
  name: string;
  /** It is the one that the app's spec asks for now. */
  current: boolean;
  createdAt: string;
  /** By digest. */
  image: string;
  replicas: number;
  readyReplicas: number;
  /** Fields of the spec that differ from those of the revision before. */
  changed: string[];
  spec: RevisionSpec;
}

/** The revisions of an app, the oldest first. */
export async function listRevisions({ client }: ClusterConnection, app: OsvApp): Promise<Revision[]> {
  const { namespace = '', name, uid } = app.metadata;
  const labelSelector = `${labels.app}=${name}`;
  const sets = await listAll((token) =>
    client.list(resources.virtualMachineInstanceReplicaSets, { namespace, labelSelector, ...token }),
  );
  // Somebody else's set may have the same label; the owner cannot be mistaken.
  return revisionsOf(
    app,
    sets.filter((set) => controllerUid(set) === uid),
  );
}

export function revisionsOf(app: OsvApp, sets: readonly VirtualMachineInstanceReplicaSet[]): Revision[] {
  const revisions = sets.map(readRevision).sort((left, right) => left.number - right.number);
  const current = currentRevision(app, revisions);
  return revisions.map((revision, index) => {
    const before = revisions[index - 1];
    return {
      ...revision,
      ...(revision === current && hasMachines(app.spec) ? updatedInstances(app) : {}),
      current: revision === current,
      changed: before ? changedFields(before.spec, revision.spec) : [],
    };
  });
}

/** The set of an app whose instances are VirtualMachines is empty. */
function updatedInstances({ status }: OsvApp): Pick<Revision, 'replicas' | 'readyReplicas'> {
  const { updatedReplicas = 0, readyReplicas = 0 } = status ?? {};
  return { replicas: updatedReplicas, readyReplicas: Math.min(updatedReplicas, readyReplicas) };
}

/**
 * The revision to go back to.
 *
 * @param number 0: the last one that is not the current one, as kubectl does
 * @throws CommandError no-revision
 */
export function chooseRevision(app: OsvApp, revisions: readonly Revision[], number: number): Revision {
  const { name } = app.metadata;
  const chosen = number
    ? revisions.find((revision) => revision.number === number)
    : revisions.findLast((revision) => !revision.current);
  if (chosen) return chosen;
  if (revisions.length === 0) {
    const why = `${name} has no revisions yet: nothing of it has been started.`;
    throw new CommandError('no-revision', why);
  }
  const known = revisions.map((revision) => revision.number).join(', ');
  throw new CommandError(
    'no-revision',
    number
      ? `${name} has no revision ${number}; there are: ${known}.`
      : `${name} has only ever had one revision, ${known}.`,
  );
}

/** Names of the top fields in which two revisions differ. */
export function changedFields(before: RevisionSpec, after: RevisionSpec): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof RevisionSpec>;
  return [...names].filter((name) => canonicalJson(before[name] ?? null) !== canonicalJson(after[name] ?? null)).sort();
}

function readRevision(set: VirtualMachineInstanceReplicaSet): Omit<Revision, 'changed'> {
  const { metadata, spec, status } = set;
  const text = metadata.annotations?.[annotations.revisionSpec];
  return {
    number: Number(metadata.annotations?.[annotations.revisionNumber] ?? 0),
    name: metadata.name,
    current: false,
    createdAt: metadata.creationTimestamp ?? '',
    image: spec.template.spec?.domain.firmware?.kernelBoot?.container?.image ?? '',
    replicas: spec.replicas ?? 1,
    readyReplicas: status?.readyReplicas ?? 0,
    spec: text ? parseSpec(metadata.name, text) : ({} as RevisionSpec),
  };
}

function parseSpec(name: string, text: string): RevisionSpec {
  try {
    return JSON.parse(text) as RevisionSpec;
  } catch {
    throw new CommandError(
      'no-revision',
      `The annotation ${annotations.revisionSpec} of ${name} is no JSON; somebody has changed it.`,
    );
  }
}

/**
 * The one with the spec of now. Several can have it, which differ by their images or by what ConfigMaps and Secrets
 * held: then the image of the status decides, and the latest. None has it while the image is being built.
 */
function currentRevision<R extends Omit<Revision, 'changed'>>(app: OsvApp, revisions: readonly R[]): R | undefined {
  const wanted = canonicalJson(revisionSpec(app.spec));
  const same = revisions.filter(({ spec }) => canonicalJson(spec) === wanted);
  return same.findLast(({ image }) => image === app.status?.image?.reference) ?? same.at(-1);
}

function controllerUid({ metadata }: VirtualMachineInstanceReplicaSet): string | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller)?.uid;
}
