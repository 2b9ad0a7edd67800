import type { VirtualMachineInstanceReplicaSet } from '../kubernetes/index.ts';
import { isEmpty } from './drift.ts';
import { annotations, labels } from './labels.ts';
import { canonicalDigest } from './revision.ts';

const ownLabels = Object.values(labels);

/**
 * Digest of what the operator has put into a revision's replica set and nobody should change: its own labels, the spec
 * of the revision, selector and template; not the number of replicas and the like, which change while it lives. What is
 * wanted and what is there have the same digest: KubeVirt adds nothing to these but what `withoutEncoding` takes away.
 */
export function setContents({ metadata, spec }: Pick<VirtualMachineInstanceReplicaSet, 'metadata' | 'spec'>): string {
  const contents = [
    ownLabels.map((name) => metadata.labels?.[name]),
    metadata.annotations?.[annotations.revisionSpec],
    spec.selector,
    spec.template,
  ];
  return canonicalDigest(withoutEncoding(contents)).slice(0, 16);
}

/**
 * Without what Go writes for structures that nobody has filled: null for the time of a template's creation, and `{}` for a
 * domain's resources (virt-controller writes the whole set back when it notes the version of the API). Elsewhere an empty
 * object has a meaning, such as `rng: {}`.
 */
function withoutEncoding(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEncoding);
  if (value === null || typeof value !== 'object') return value;
  const said = Object.entries(value).filter(
    ([name, field]) => field !== null && !(name === 'resources' && isEmpty(field)),
  );
  return Object.fromEntries(said.map(([name, field]) => [name, withoutEncoding(field)]));
}
