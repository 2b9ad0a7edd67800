import type { ApiClient } from '../kubernetes/api-client.ts';
import type { ObjectReference } from '../kubernetes/object.ts';
import { type Lease, resources } from '../kubernetes/resources.ts';

export interface LeaseTerms {
  identity: string;
  leaseSeconds: number;
}

/** RFC 3339 with microseconds, `metav1.MicroTime`. */
export function microTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('Z', '000Z');
}

/** The Lease that says that we hold it from now on; `undefined` before: there is none yet. */
function heldBy({ identity, leaseSeconds }: LeaseTerms, before: Lease | undefined, now: number): Lease['spec'] {
  const spec = before?.spec;
  const ours = spec?.holderIdentity === identity;
  return {
    holderIdentity: identity,
    leaseDurationSeconds: leaseSeconds,
    acquireTime: (ours && spec?.acquireTime) || microTime(now),
    renewTime: microTime(now),
    leaseTransitions: (spec?.leaseTransitions ?? 0) + (ours || !before ? 0 : 1),
  };
}

/**
 * Writes that we hold the lease. The version of the Lease that was read is the condition, so of several that try at
 * the same time one succeeds.
 *
 * @throws ApiError `conflict` or `already-exists` when somebody else was faster
 */
export async function writeHolder(
  client: ApiClient,
  reference: ObjectReference,
  before: Lease | undefined,
  terms: LeaseTerms,
  now: number,
): Promise<Lease> {
  const spec = heldBy(terms, before, now) as NonNullable<Lease['spec']>;
  if (!before) return client.create(resources.leases, { metadata: { ...reference }, spec });
  const { uid, resourceVersion } = before.metadata;
  return client.mergePatch(resources.leases, reference, { metadata: { uid, resourceVersion }, spec });
}

/** Writes that nobody holds the lease, so that the next one need not wait for its end. */
export async function writeReleased(
  client: ApiClient,
  reference: ObjectReference,
  held: Lease,
  now: number,
): Promise<void> {
  const { uid, resourceVersion } = held.metadata;
  await client.mergePatch(resources.leases, reference, {
    metadata: { uid, resourceVersion },
    spec: { holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(now) },
  });
}
