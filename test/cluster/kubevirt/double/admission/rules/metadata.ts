import type { ObjectMeta } from '@osv/operator/kubernetes';
import { annotations, labels } from '../../kubevirt-names.ts';
import { type Causes, invalid, notSupported } from '../cause.ts';

const reservedLabels: readonly string[] = [
  labels.createdBy,
  labels.migrationJob,
  labels.nodeName,
  labels.migrationTargetNode,
  labels.schedulable,
  labels.installStrategy,
];

/** The labels that only KubeVirt may write. */
export function reservedAmong(given: Record<string, string> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(given).filter(([name]) => reservedLabels.includes(name)));
}

/** ValidateVirtualMachineInstanceMetadata in vmi-create-admitter.go of KubeVirt. */
export function* metadataIsAllowed(
  path: string,
  { labels: given, annotations: notes = {} }: Partial<ObjectMeta>,
  isKubeVirt: boolean,
): Causes {
  const reserved = Object.keys(reservedAmong(given));
  if (!isKubeVirt && reserved.length > 0) {
    yield notSupported(`${path}.labels`, `only KubeVirt may set the reserved labels ${reserved.join(', ')}`);
  }
  if (notes[annotations.ignition]) {
    yield invalid(`${path}.annotations`, 'the feature gate ExperimentalIgnitionSupport is off');
  }
  if (notes[annotations.hookSidecars]) yield invalid(`${path}.annotations`, 'the feature gate Sidecar is off');
}
