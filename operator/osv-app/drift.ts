import type { KubernetesObject } from '../kubernetes/index.ts';
import { annotations } from './labels.ts';
import { canonicalDigest } from './revision.ts';

/** Marks an object with the digest of what is wanted, which `needsApply` compares. */
export function withAppliedDigest<T extends KubernetesObject>(object: T): T {
  const digest = canonicalDigest(object).slice(0, 16);
  return {
    ...object,
    metadata: {
      ...object.metadata,
      annotations: { ...object.metadata.annotations, [annotations.applied]: digest },
    },
  };
}

/**
 * Whether an object is other than wanted: the operator wanted something else when it applied it last, or somebody has
 * changed a field since. A pass that finds no difference writes nothing.
 */
export function needsApply(wanted: KubernetesObject, present: KubernetesObject | undefined): boolean {
  return !present || !contains(present, wanted);
}

/** Whether every field of `part` is in `whole`; lists must be equal in length and order. */
function contains(whole: unknown, part: unknown): boolean {
  if (Array.isArray(part)) {
    return (
      Array.isArray(whole) && whole.length === part.length && part.every((item, index) => contains(whole[index], item))
    );
  }
  if (part !== null && typeof part === 'object') {
    if (whole === null || typeof whole !== 'object') return false;
    const fields = whole as Record<string, unknown>;
    // The server drops what is undefined or an empty object on its way through JSON and defaulting.
    return Object.entries(part).every(([key, value]) => isEmpty(value) || contains(fields[key], value));
  }
  return Object.is(whole, part);
}

/** An absent field, or an object without any. */
export function isEmpty(value: unknown): boolean {
  if (value === undefined) return true;
  return value !== null && typeof value === 'object' && Object.keys(value).length === 0;
}
