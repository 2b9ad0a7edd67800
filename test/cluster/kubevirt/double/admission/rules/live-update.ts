import { Quantity } from '../../quantity.ts';
import type { Spec } from '../../types.ts';
import { type Causes, invalid } from '../cause.ts';

const mebi = 1024n * 1024n;
/** Memory is plugged in blocks of a transparent huge page; pkg/liveupdate/memory of KubeVirt. */
const blockBytes = 2n * mebi;
const hugeBlockBytes = 1024n * mebi;
/** Guests with less cannot have memory plugged. */
const guestBytesMin = 1024n * mebi;

/** Why memory cannot be plugged up to `maxGuest`, or nothing (ValidateLiveUpdateMemory). */
export function memoryHotplugProblem(spec: Spec, maxGuest: Quantity | undefined): string | undefined {
  const { cpu, memory, launchSecurity } = spec.domain;
  if (cpu?.realtime) return 'memory hotplug and realtime exclude each other';
  if (cpu?.numa?.guestMappingPassthrough) return 'memory hotplug and guest mapping passthrough exclude each other';
  if (launchSecurity) return 'memory hotplug and encrypted memory exclude each other';
  if (memory?.guest === undefined) return 'memory hotplug needs a size of guest memory';
  if (!maxGuest) return 'memory hotplug needs a maximum of guest memory';
  const guest = Quantity.of(memory.guest);
  const block = memory.hugepages?.pageSize === '1Gi' ? hugeBlockBytes : blockBytes;
  if (guest.compare(maxGuest) > 0) return 'the guest memory exceeds its maximum';
  if (guest.value % block !== 0n) return `the guest memory is no multiple of ${Quantity.bytes(block)}`;
  if (maxGuest.value % block !== 0n) return `the maximum of guest memory is no multiple of ${Quantity.bytes(block)}`;
  if (spec.architecture !== 'amd64') return 'memory hotplug works on amd64 only';
  if (guest.value < guestBytesMin) return `memory hotplug needs ${Quantity.bytes(guestBytesMin)} of guest memory`;
  return undefined;
}

/** validateLiveUpdateFeatures in vms-admitter.go: live update is the default roll-out strategy. */
export function* liveUpdateIsPossible(path: string, spec: Spec): Causes {
  const { cpu, memory } = spec.domain;
  if (cpu?.maxSockets && (cpu.sockets ?? 0) > cpu.maxSockets) {
    yield invalid(`${path}.domain.cpu.sockets`, `${path}.domain.cpu.sockets exceeds maxSockets`);
  }
  if (memory?.maxGuest === undefined) return;
  const problem = memoryHotplugProblem(spec, Quantity.of(memory.maxGuest));
  if (problem) yield invalid(`${path}.domain.memory.guest`, problem);
}
