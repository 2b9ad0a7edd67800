import { devices } from '../kubevirt-names.ts';
import { Quantity } from '../quantity.ts';
import type { Instance } from '../types.ts';
import { vcpuCount } from '../vcpus.ts';
import type { ResourceRequirements } from './pod-types.ts';

/** Resident memory of virt-launcher-monitor, virt-launcher, virtlogd, virtqemud and QEMU (pkg/hypervisor/kvm). */
const processOverheads = ['25Mi', '100Mi', '25Mi', '40Mi', '50Mi'];
const overheadOfVcpu = Quantity.parse('8Mi');
/** Pods ask for a tenth of the vCPUs (DefaultCPUAllocationRatio). */
const cpuAllocationRatio = 10;
const ephemeralStorage = Quantity.parse('50M');

/** WantsToHaveQOSGuaranteed in kubevirt.io/api/core/v1: requests and limits are equal. */
export function wantsGuaranteed({ spec }: Instance): boolean {
  const { requests, limits } = spec.domain.resources ?? {};
  const memory = [Quantity.of(requests?.memory), Quantity.of(limits?.memory)] as const;
  const cpu = [Quantity.of(requests?.cpu), Quantity.of(limits?.cpu)] as const;
  const equalMemory = memory[0].isZero ? !memory[1].isZero : memory[0].compare(memory[1]) === 0;
  return equalMemory && !cpu[0].isZero && cpu[0].compare(cpu[1]) === 0;
}

/** What QEMU and its helpers need beside the guest's memory (GetMemoryOverhead in pkg/hypervisor/kvm). */
export function memoryOverhead(instance: Instance): Quantity {
  const { domain, livenessProbe, readinessProbe } = instance.spec;
  const requested = Quantity.of(domain.resources?.requests?.memory);
  // Page tables: a bit for every 512 bits. The request is read in thousands, rounded up.
  const pageTables = (((requested.value + 999n) / 1000n) * 1000n) / 512n;
  const extra: string[] = ['8Mi'];
  if (domain.devices.autoattachGraphicsDevice !== false) extra.push('32Mi');
  const execProbes = [livenessProbe, readinessProbe].filter((probe) => probe?.exec).length;
  if (execProbes > 0) extra.push('100Mi', ...Array<string>(execProbes).fill('10Mi'));
  if (domain.devices.tpm && domain.devices.tpm.enabled !== false) extra.push('53Mi');
  if (domain.cpu?.dedicatedCpuPlacement || wantsGuaranteed(instance)) extra.push('100Mi');
  const vcpus = Math.max(1, vcpuCount(domain.cpu ?? {}));
  return [...processOverheads, ...extra]
    .map(Quantity.parse)
    .concat(Array<Quantity>(vcpus).fill(overheadOfVcpu))
    .reduce((sum, part) => sum.plus(part), Quantity.parse(`${pageTables}`));
}

/** Requests and limits of the container `compute` (renderresources.go of KubeVirt). */
export function computeResources(instance: Instance): ResourceRequirements {
  const { domain } = instance.spec;
  const given = { requests: quantities(domain.resources?.requests), limits: quantities(domain.resources?.limits) };
  const { requests, limits } = given;
  const calculated = { requests: new Map<string, Quantity>(), limits: new Map<string, Quantity>() };

  for (const device of virtualDevices(instance)) limits.set(device, Quantity.parse('1'));
  requests.set(
    'ephemeral-storage',
    (requests.get('ephemeral-storage') ?? Quantity.of(undefined)).plus(ephemeralStorage),
  );
  const storageLimit = limits.get('ephemeral-storage');
  if (storageLimit) limits.set('ephemeral-storage', storageLimit.plus(ephemeralStorage));

  fillMemoryRequest(instance, given);
  if (domain.cpu?.dedicatedCpuPlacement) pinCpus(instance, given);
  else {
    const vcpus = vcpuCount(domain.cpu ?? {}) + (domain.ioThreads?.supplementalPoolThreadCount ?? 0);
    if (vcpus > 0) calculated.requests.set('cpu', Quantity.parse(`${(vcpus * 1000) / cpuAllocationRatio}m`));
  }
  const overhead = memoryOverhead(instance);
  if (domain.memory?.hugepages) useHugepages(instance, given, calculated, overhead);
  else {
    const request = requests.get('memory') ?? Quantity.of(undefined);
    requests.set('memory', domain.resources?.overcommitGuestOverhead ? request : request.plus(overhead));
    const limit = limits.get('memory');
    if (limit) limits.set('memory', limit.plus(overhead));
  }
  return {
    requests: written(calculated.requests, requests),
    limits: written(calculated.limits, limits),
  };
}

type Amounts = { requests: Map<string, Quantity>; limits: Map<string, Quantity> };

function quantities(given: Record<string, string> = {}): Map<string, Quantity> {
  return new Map(Object.entries(given).map(([name, amount]) => [name, Quantity.of(amount)]));
}

/** What the user gave wins over what is calculated. */
function written(...maps: Map<string, Quantity>[]): Record<string, string> {
  return Object.fromEntries(maps.flatMap((map) => [...map].map(([name, amount]) => [name, amount.toString()])));
}

function virtualDevices({ spec }: Instance): string[] {
  const { interfaces = [], autoattachPodInterface } = spec.domain.devices;
  const found: string[] = [devices.kvm];
  if (interfaces.length > 0 || autoattachPodInterface !== false) found.push(devices.tun);
  // Without a model it is virtio.
  if (interfaces.some(({ model }) => !model || model === 'virtio')) found.push(devices.vhostNet);
  return found;
}

/** WithMemoryRequests: the limit, else the guest's memory, else a huge page. */
function fillMemoryRequest({ spec }: Instance, { requests, limits }: Amounts): void {
  const limit = limits.get('memory');
  if (!Quantity.of(requests.get('memory')?.toString()).isZero) return;
  if (limit && !limit.isZero) requests.set('memory', limit);
  if (requests.has('memory')) return;
  const { guest, hugepages } = spec.domain.memory ?? {};
  const memory = Quantity.of(guest ?? hugepages?.pageSize);
  if (!memory.isZero) requests.set('memory', memory);
}

/** WithCPUPinning. */
function pinCpus({ spec }: Instance, { requests, limits }: Amounts): void {
  const { cpu = {}, ioThreads } = spec.domain;
  const vcpus = vcpuCount(cpu);
  const threads = Quantity.parse(`${ioThreads?.supplementalPoolThreadCount ?? 0}`);
  if (vcpus > 0) {
    const total = Quantity.parse(`${vcpus}`).plus(threads);
    limits.set('cpu', total);
    requests.set('cpu', total);
  }
  if (cpu.isolateEmulatorThread) {
    const one = Quantity.parse('1');
    limits.set('cpu', (limits.get('cpu') ?? Quantity.of(undefined)).plus(one));
    const request = requests.get('cpu');
    if (request) requests.set('cpu', request.plus(one));
  }
  const memory = requests.get('memory');
  if (memory) limits.set('memory', memory);
}

/** WithHugePages: the guest's memory is huge pages, and what is asked for beyond it counts as ordinary memory. */
function useHugepages({ spec }: Instance, given: Amounts, calculated: Amounts, overhead: Quantity): void {
  const { guest, hugepages } = spec.domain.memory ?? {};
  const name = `hugepages-${hugepages?.pageSize}`;
  const requested = given.requests.get('memory') ?? Quantity.of(undefined);
  const guestMemory = Quantity.of(guest);
  const pages = guest !== undefined && requested.compare(guestMemory) > 0 ? guestMemory : requested;
  calculated.requests.set(name, pages);
  calculated.limits.set(name, pages);
  const beyond = (amount: Quantity) =>
    guest !== undefined && amount.compare(guestMemory) > 0
      ? Quantity.parse(`${amount.value - guestMemory.value}`)
      : Quantity.of(undefined);
  given.requests.set('memory', beyond(requested).plus(overhead));
  const limit = given.limits.get('memory');
  if (limit) given.limits.set('memory', beyond(limit).plus(overhead));
}
