import type { Spec } from '../../types.ts';
import { type Causes, invalid, notSupported } from '../cause.ts';

const videoTypes = ['vga', 'cirrus', 'virtio', 'ramfb', 'bochs'];
const panicModels = ['hyperv', 'isa', 'pvpanic'];
const soundModels = ['', 'ich9', 'ac97'];
const ioThreadsPolicies = ['shared', 'auto', 'supplementalPool'];

/** validateInputDevices in vmi-create-admitter.go of KubeVirt. */
export function* inputsAreTablets(path: string, { domain: { devices } }: Spec): Causes {
  for (const [index, { bus = '', type }] of (devices.inputs ?? []).entries()) {
    const field = `${path}.domain.devices.inputs[${index}]`;
    if (!['', 'virtio', 'usb'].includes(bus)) yield invalid(`${field}.bus`, `${field} can be on a virtio or usb bus`);
    if (type !== 'tablet') yield invalid(`${field}.type`, `${field} can only be a tablet`);
  }
}

/** validateSoundDevices. Its path lacks `domain.devices`, as KubeVirt's does. */
export function* soundIsKnown(path: string, { domain: { devices } }: Spec): Causes {
  const { sound } = devices;
  if (!sound) return;
  const field = `${path}.Sound`;
  if (!soundModels.includes(sound.model ?? '')) yield invalid(field, 'a sound device is ich9 or ac97');
  if (!sound.name) yield invalid(field, 'a sound device needs a name');
}

/** validateVideoConfig. Its path lacks `domain.devices`, as KubeVirt's does. */
export function* videoIsAllowed(path: string, { domain: { devices } }: Spec): Causes {
  if (devices.video && devices.autoattachGraphicsDevice === false) {
    yield invalid(`${path}.video`, 'a video type has no meaning while autoattachGraphicsDevice is false');
  }
}

/** validateVideoTypeAmd64 in pkg/virt-api/webhooks/amd64.go. */
export function* videoIsKnown(path: string, { domain: { devices } }: Spec): Causes {
  const type = devices.video?.type ?? '';
  if (!devices.video || videoTypes.includes(type)) return;
  yield notSupported(`${path}.domain.devices.video.type`, `amd64 has no video device '${type}'`);
}

/** validatePanicDevices. */
export function* panicDevicesAreKnown(path: string, { domain: { devices } }: Spec): Causes {
  for (const [index, { model }] of (devices.panicDevices ?? []).entries()) {
    if (model === undefined || panicModels.includes(model)) continue;
    yield invalid(`${path}.domain.devices.panicDevices[${index}].model`, `there is no panic device '${model}'`);
  }
}

/** validateIOThreadsPolicy. */
export function* ioThreadsPolicyIsKnown(path: string, { domain }: Spec): Causes {
  const { ioThreadsPolicy, ioThreads } = domain;
  if (ioThreadsPolicy === undefined) return;
  if (!ioThreadsPolicies.includes(ioThreadsPolicy)) {
    yield invalid(`${path}.domain.ioThreadsPolicy`, `there is no policy '${ioThreadsPolicy}' for I/O threads`);
  }
  if (ioThreadsPolicy === 'supplementalPool' && (ioThreads?.supplementalPoolThreadCount ?? 0) < 1) {
    yield invalid(`${path}.domain.ioThreads.count`, 'a supplemental pool of I/O threads needs at least one thread');
  }
}

/** What needs a feature gate that is off by default in 1.9 (pkg/virt-config/featuregate/active.go). */
export function* gatedDevicesAreOff(path: string, { domain }: Spec): Causes {
  const { devices } = domain;
  if (devices.autoattachVSOCK) {
    yield invalid(`${path}.domain.devices.autoattachVSOCK`, 'the feature gate VSOCK is off');
  }
  if (devices.hostDevices) yield invalid(`${path}.HostDevices`, 'the feature gate HostDevices is off');
  if (devices.downwardMetrics) {
    yield invalid(`${path}.domain.devices.downwardMetrics`, 'the feature gate DownwardMetrics is off');
  }
  if (devices.disks?.some(({ lun }) => lun?.reservation)) {
    yield invalid(`${path}.domain.devices.disks.luns.reservation`, 'persistent reservation is not configured');
  }
  if (domain.memory?.reservedOverhead) {
    yield invalid(`${path}.domain.memory.reservedOverhead`, 'the feature gate ReservedOverheadMemlock is off');
  }
}

/** validateFilesystemsWithVirtIOFSEnabled: claims as file systems need the gate EnableVirtioFsStorageVolumes. */
export function* claimsAreNoFilesystems(path: string, { domain, volumes = [] }: Spec): Causes {
  for (const { name } of domain.devices.filesystems ?? []) {
    const volume = volumes.find((candidate) => candidate.name === name);
    if (!volume?.persistentVolumeClaim && !volume?.dataVolume) continue;
    const message = `file system ${name} is a claim, and the feature gate EnableVirtioFsStorageVolumes is off`;
    yield invalid(`${path}.domain.devices.filesystems`, message);
  }
}
