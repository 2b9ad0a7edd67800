import { createHash } from 'node:crypto';
import type { OsvApp } from '@osv/contracts';

type Spec = OsvApp['spec'];

/** The parts of a spec that an instance is made of; whatever else changes leaves running instances alone. */
const revisionFields = [
  'source',
  'runtime',
  'command',
  'args',
  'workingDirectory',
  'env',
  'resources',
  'ports',
  'volumes',
  'readinessProbe',
  'livenessProbe',
  'kernel',
  'scheduling',
  'terminationGracePeriodSeconds',
  'drainSeconds',
  'restartedAt',
] as const satisfies readonly (keyof Spec)[];

export type RevisionSpec = Pick<Spec, (typeof revisionFields)[number]>;

export function revisionSpec(spec: Spec): RevisionSpec {
  return Object.fromEntries(
    revisionFields.flatMap((field) => (field in spec ? [[field, spec[field]]] : [])),
  ) as RevisionSpec;
}

/**
 * Names a revision by what goes into it, not by what the operator makes of it: a newer operator that builds objects
 * another way must not restart every app of a cluster.
 *
 * @param imageReference the image by digest
 * @param referencedDigest digest of the ConfigMaps and Secrets that the app refers to
 * @returns ten hexadecimal digits
 */
export function revisionName(spec: Spec, imageReference: string, referencedDigest: string): string {
  const inputs = canonicalJson([revisionSpec(spec), imageReference, referencedDigest]);
  return createHash('sha256').update(inputs).digest('hex').slice(0, 10);
}

export function canonicalDigest(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

/** JSON with sorted keys and without undefined fields, so that equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, field: unknown) =>
    field !== null && typeof field === 'object' && !Array.isArray(field)
      ? Object.fromEntries(Object.entries(field).sort(([left], [right]) => (left < right ? -1 : 1)))
      : field,
  );
}
