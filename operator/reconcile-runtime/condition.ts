/** One condition of a status; Kubernetes API conventions, "Typical status properties". */
export interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  /** One word in CamelCase, for programs. */
  reason: string;
  /** A sentence for people. */
  message: string;
  observedGeneration?: number;
  /** When `status` last changed. */
  lastTransitionTime: string;
}

/**
 * A new list with this condition in it; `lastTransitionTime` moves only when `status` changes. The list itself comes
 * back when nothing changes, so that `===` tells whether there is something to write.
 *
 * ```ts
 * conditions = setCondition(conditions, { type: 'Available', status: 'True', reason: 'Ready', message: '3 of 3.' }, now);
 * ```
 */
export function setCondition(
  conditions: readonly Readonly<Condition>[] | undefined,
  next: Omit<Condition, 'lastTransitionTime'>,
  now: Date | number,
): Condition[] {
  const list = (conditions ?? []) as Condition[];
  const index = list.findIndex(({ type }) => type === next.type);
  const old = list[index];
  if (old && sameCondition(old, next)) return list;
  const moved = old?.status !== next.status;
  const lastTransitionTime = moved || !old ? rfc3339(now) : old.lastTransitionTime;
  const condition = { ...next, lastTransitionTime };
  return old ? list.with(index, condition) : [...list, condition];
}

export function findCondition<C extends { type: string }>(
  conditions: readonly C[] | undefined,
  type: string,
): C | undefined {
  return conditions?.find((condition) => condition.type === type);
}

function sameCondition(old: Condition, next: Omit<Condition, 'lastTransitionTime'>): boolean {
  return (
    old.status === next.status &&
    old.reason === next.reason &&
    old.message === next.message &&
    old.observedGeneration === next.observedGeneration
  );
}

/** `metav1.Time` knows whole seconds only; a fraction would come back changed. */
function rfc3339(now: Date | number): string {
  return new Date(now).toISOString().replace(/\.\d+Z$/, 'Z');
}
