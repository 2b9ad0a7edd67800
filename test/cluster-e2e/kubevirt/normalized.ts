/** Fields whose values differ from run to run, and what is put in their place. */
const variable: Readonly<Record<string, string>> = {
  uid: 'UID',
  uuid: 'UUID',
  serial: 'SERIAL',
  'kubevirt.io/created-by': 'UID',
  lastFailedVMIUID: 'UID',
  virtualMachineRevisionName: 'REVISION',
};

/** Fields that say nothing about what was decided; messages are each half's own words. */
const dropped = new Set([
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
  'message',
  'lastProbeTime',
  'lastTransitionTime',
  'observedGeneration',
  'desiredGeneration',
  'retryAfterTimestamp',
  'phaseTransitionTimestamp',
  // Come a moment after the object.
  'kubevirt.io/latest-observed-api-version',
  'kubevirt.io/storage-observed-api-version',
  // Written by KubeVirt's snapshot controller, of which the double has none.
  'volumeSnapshotStatuses',
]);

/** Fields whose order says nothing. */
const unordered = new Set(['conditions', 'finalizers']);

/**
 * An object of the API without what differs from run to run, so that two halves can be compared. Absent, null and empty
 * are one: Go writes some empty structures.
 */
export function normalized(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) {
    const list = value.map((item) => normalized(item)).filter((item) => item !== undefined);
    return unordered.has(name) ? list.toSorted(byJson) : list;
  }
  if (typeof value === 'string') return withoutNames(value);
  if (typeof value !== 'object' || value === null) return value;
  const { generateName } = value as { generateName?: string };
  const entries = Object.entries(generateName ? { ...value, name: `${generateName}SUFFIX` } : value)
    .filter(([field, item]) => item !== null && item !== undefined && !dropped.has(field))
    .map(([field, item]) => [withoutNames(field), stable(field, item)] as const)
    .filter(([field, item]) => !(isEmpty(item) && emptyIsAbsent.has(field)))
    .toSorted(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(entries);
}

const emptyIsAbsent = new Set([
  'resources',
  'guestOSInfo',
  'metadata',
  'annotations',
  'labels',
  'status',
  'requests',
  'limits',
]);

function stable(field: string, item: unknown): unknown {
  const word = variable[field];
  // Disks have serials of their own.
  if (word && typeof item === 'string' && (field !== 'serial' || item.length === 36)) return word;
  if (field === 'args' && Array.isArray(item)) return item.map(withoutJitter);
  return normalized(item, field);
}

function withoutJitter(argument: string): string {
  return /^\d+s$/.test(argument) ? 'SECONDS' : withoutNames(argument);
}

function withoutNames(text: string): string {
  return text
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UID')
    .replaceAll(/test-[0-9a-f]{8}/g, 'NAMESPACE')
    .replaceAll(/^(virt-launcher-[a-z0-9-]+-)[a-z0-9]{5}$/g, '$1SUFFIX')
    .replaceAll(/^(kube-api-access-)[a-z0-9]{5}$/g, '$1SUFFIX');
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function byJson(left: unknown, right: unknown): number {
  return JSON.stringify(left) < JSON.stringify(right) ? -1 : 1;
}
