import type { Condition } from '../types.ts';

/**
 * Puts a condition into the list. An equal status with an equal reason leaves what is there, its message and times
 * included (UpdateCondition in pkg/controller/conditions.go of KubeVirt).
 */
export function withCondition(conditions: readonly Condition[], next: Condition): Condition[] {
  const index = conditions.findIndex(({ type }) => type === next.type);
  const old = conditions[index];
  if (!old) return [...conditions, next];
  return old.status === next.status && old.reason === next.reason ? [...conditions] : conditions.with(index, next);
}

export function withoutCondition(conditions: readonly Condition[], type: string): Condition[] {
  return conditions.filter((condition) => condition.type !== type);
}

export function hasCondition(
  conditions: readonly Condition[] | undefined,
  wanted: Pick<Condition, 'type'> & Partial<Pick<Condition, 'status' | 'reason'>>,
): boolean {
  return (conditions ?? []).some(
    ({ type, status, reason }) =>
      type === wanted.type &&
      (wanted.status === undefined || status === wanted.status) &&
      (wanted.reason === undefined || reason === wanted.reason),
  );
}
