import type { VirtualMachineInstanceReplicaSet } from '../kubernetes/index.ts';
import { annotations, labels } from './labels.ts';
import { canonicalDigest } from './revision.ts';

const ownLabels = Object.values(labels);

/**
 * Digest of what the operator has put into a revision's replica set and nobody should change: its own labels, the spec
 * of the revision, selector and template; not the number of replicas and the like, which change while it lives. KubeVirt
 * adds nothing to these, so that what is wanted and what is there have the same digest.
 */
export function setContents({ metadata, spec }: Pick<VirtualMachineInstanceReplicaSet, 'metadata' | 'spec'>): string {
  const contents = [
    ownLabels.map((name) => metadata.labels?.[name]),
    metadata.annotations?.[annotations.revisionSpec],
    spec.selector,
    spec.template,
  ];
  return canonicalDigest(withoutNull(contents)).slice(0, 16);
}

/** Servers write null for what they do not know, such as the time of a template's creation. */
function withoutNull(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNull);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, field]) => (field === null ? [] : [[name, withoutNull(field)]])),
  );
}
