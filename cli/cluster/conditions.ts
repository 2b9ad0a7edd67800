import type { OsvApp } from '@osv/operator/kubernetes';

export type Condition = NonNullable<NonNullable<OsvApp['status']>['conditions']>[number];
export type ConditionType = 'ImageReady' | 'Compatible' | 'Available' | 'Progressing' | 'MetricsFlowing' | 'Degraded';

export function condition(app: OsvApp, type: ConditionType): Condition | undefined {
  return app.status?.conditions?.find((candidate) => candidate.type === type);
}

/** Whether the operator has seen the spec of now; what the status says is about an older one until then. */
export function isObserved({ metadata, status }: OsvApp): boolean {
  return (status?.observedGeneration ?? 0) >= (metadata.generation ?? 1);
}
