import { Quantity } from '../../quantity.ts';
import type { Spec } from '../../types.ts';
import { vcpuCount } from '../../vcpus.ts';
import { type Causes, invalid, notSupported, required } from '../cause.ts';

const featurePolicies = ['', 'force', 'require', 'optional', 'disable', 'forbid'];

/** validateCPUFeaturePolicies in vmi-create-admitter.go of KubeVirt. */
export function* featurePoliciesAreKnown(path: string, spec: Spec): Causes {
  for (const [index, { name, policy = '' }] of (spec.domain.cpu?.features ?? []).entries()) {
    if (featurePolicies.includes(policy)) continue;
    const field = `${path}.domain.cpu.features[${index}].policy`;
    yield notSupported(field, `CPU feature ${name} has an unknown policy '${policy}'`);
  }
}

/** validateCPUHotplug. */
export function* socketsFitHotplug(path: string, { domain: { cpu } }: Spec): Causes {
  if (cpu?.maxSockets && (cpu.sockets ?? 0) > cpu.maxSockets) {
    const message = `${path}.domain.cpu.sockets exceeds maxSockets`;
    yield invalid(`${path}.domain.cpu.sockets`, message);
  }
}

/** validateCPUIsolatorThread. */
export function* isolatedEmulatorNeedsDedicatedCpus(path: string, { domain: { cpu } }: Spec): Causes {
  if (cpu?.isolateEmulatorThread && !cpu.dedicatedCpuPlacement) {
    const message = 'isolateEmulatorThread has a meaning with dedicatedCpuPlacement only';
    yield invalid(`${path}.domain.cpu.isolateEmulatorThread`, message);
  }
}

/** validateNUMA; the feature gate NUMA is generally available. */
export function* numaNeedsDedicatedCpusAndHugepages(path: string, { domain: { cpu, memory } }: Spec): Causes {
  if (!cpu?.numa?.guestMappingPassthrough) return;
  const field = `${path}.domain.cpu.numa.guestMappingPassthrough`;
  const when = `with ${field}`;
  if (!cpu.dedicatedCpuPlacement) {
    yield invalid(field, `${path}.domain.cpu.dedicatedCpuPlacement has to be true ${when}`);
  }
  if (!memory?.hugepages) yield invalid(field, `${path}.domain.memory.hugepages are needed ${when}`);
}

/** validateRealtime. */
export function* realtimeNeedsDedicatedCpusAndNuma(path: string, { domain: { cpu } }: Spec): Causes {
  if (!cpu?.realtime) return;
  const placement = `${path}.domain.cpu.dedicatedCpuPlacement`;
  const mapping = `${path}.domain.cpu.numa.guestMappingPassthrough`;
  const when = `with ${path}.domain.cpu.realtime`;
  if (!cpu.dedicatedCpuPlacement) yield required(placement, `${placement} has to be true ${when}`);
  if (!cpu.numa?.guestMappingPassthrough) yield required(mapping, `${mapping} is needed ${when}`);
}

/** validateCpuPinning and the rules that it calls. */
export function* dedicatedCpusAreWholeAndEqual(path: string, spec: Spec): Causes {
  const { cpu, memory, resources } = spec.domain;
  if (!cpu?.dedicatedCpuPlacement) return;
  const request = Quantity.of(resources?.requests?.cpu);
  const limit = Quantity.of(resources?.limits?.cpu);
  const memoryRequest = Quantity.of(resources?.requests?.memory);
  const memoryLimit = Quantity.of(resources?.limits?.memory);
  const where = `${path}.domain.resources`;
  const placement = `${path}.domain.cpu.dedicatedCpuPlacement`;
  const cores = `${path}.domain.cpu.cores`;
  const vcpus = BigInt(vcpuCount(cpu));

  const hasMemory =
    !memoryLimit.isZero || !memoryRequest.isZero || memory?.hugepages || !Quantity.of(memory?.guest).isZero;
  if (!hasMemory) {
    const choices = `${where}.requests.memory, ${where}.limits.memory, ${path}.domain.memory.hugepages`;
    yield invalid(`${where}.limits.memory`, `dedicated CPUs need one of ${choices} and ${path}.domain.memory.guest`);
  }
  if (request.value > 0n && request.value * 1000n !== request.milliValue) {
    yield invalid(`${where}.requests.cpu`, 'dedicated CPUs are requested in whole numbers');
  }
  if (limit.value > 0n && limit.value * 1000n !== limit.milliValue) {
    yield invalid(`${where}.limits.cpu`, 'dedicated CPUs are limited in whole numbers');
  }
  if (memoryRequest.value > 0n && memoryLimit.value > 0n && memoryRequest.value !== memoryLimit.value) {
    yield invalid(`${where}.requests.memory`, `${where}.requests.memory differs from ${where}.limits.memory`);
  }
  const when = 'with dedicatedCpuPlacement';
  if (request.value === 0n && limit.value === 0n && vcpus === 0n) {
    yield invalid(placement, `one of ${where}.requests.cpu, ${where}.limits.cpu and ${cores} is needed ${when}`);
  }
  if (request.value > 0n && limit.value > 0n && request.value !== limit.value) {
    yield invalid(placement, `${where}.requests.cpu and ${where}.limits.cpu have to be equal ${when}`);
  }
  const given = request.value > 0n || limit.value > 0n;
  if (given && vcpus > 0n && request.value !== vcpus && limit.value !== vcpus) {
    const both = `${where}.requests.cpu or ${where}.limits.cpu`;
    yield invalid(placement, `${both} and ${cores} contradict each other ${when}`);
  }
  if ((cpu.threads ?? 0) > 2) {
    const field = `${path}.domain.cpu.threads`;
    yield invalid(placement, `${field} is ${cpu.threads}, and at most 2 are possible ${when}`);
  }
}
