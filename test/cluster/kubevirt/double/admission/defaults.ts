import { randomUUID } from 'node:crypto';
import { annotations, finalizers, nonRootUser } from '../kubevirt-names.ts';
import { Quantity } from '../quantity.ts';
import type { Instance, Machine, Probe, Spec } from '../types.ts';
import { memoryHotplugProblem } from './rules/live-update.ts';

const machineType = 'q35';
const cpuModel = 'host-model';
/** How many times the present sockets and memory may grow (DefaultMaxHotplugRatio). */
const hotplugRatio = 4;
/** Upper bound of sockets × cores × threads with all sockets plugged. */
const vcpusMax = 512;

/** SetDefaultVirtualMachineInstanceSpec in pkg/defaults of KubeVirt: also for the copy that a VM is judged by. */
export function fillSpec(spec: Spec): void {
  spec.architecture ||= 'amd64';
  spec.domain.machine = { ...spec.domain.machine, type: spec.domain.machine?.type || machineType };
  fillResources(spec);
  fillCpuTopology(spec);
  for (const { containerDisk } of spec.volumes ?? []) {
    if (!containerDisk || containerDisk.imagePullPolicy) continue;
    const moves = containerDisk.image.endsWith(':latest') || !/[:@]/.test(containerDisk.image);
    containerDisk.imagePullPolicy = moves ? 'Always' : 'IfNotPresent';
  }
  spec.evictionStrategy ??= 'None';
  fillNetwork(spec);
  fillDisks(spec);
}

function fillResources({ domain }: Spec): void {
  domain.resources ??= {};
  const { resources } = domain;
  const cpuLimit = resources.limits?.cpu;
  if (!Quantity.of(cpuLimit).isZero && Quantity.of(resources.requests?.cpu).isZero) {
    resources.requests = { ...resources.requests, cpu: String(cpuLimit) };
  }
  const sources = [domain.memory?.guest, resources.requests?.memory, resources.limits?.memory];
  const guest = sources.find((source) => !Quantity.of(source).isZero) ?? domain.memory?.hugepages?.pageSize;
  domain.memory = { ...domain.memory, ...(guest === undefined ? {} : { guest }) };
}

/** SetDefaultGuestCPUTopology: a topology that is given in part stays as it is. */
function fillCpuTopology({ domain }: Spec): void {
  domain.cpu ??= {};
  const { cpu, resources } = domain;
  if (cpu.cores || cpu.sockets || cpu.threads) return;
  const amount = resources?.limits?.cpu ?? resources?.requests?.cpu;
  Object.assign(cpu, { sockets: amount === undefined ? 1 : Number(Quantity.of(amount).value), cores: 1, threads: 1 });
}

/** The default binding is bridge (DefaultNetworkInterface). */
function fillNetwork(spec: Spec): void {
  const { devices } = spec.domain;
  if (devices.autoattachPodInterface === false || spec.networks?.length || devices.interfaces?.length) return;
  devices.interfaces = [{ name: 'default', bridge: {} }];
  spec.networks = [{ name: 'default', pod: {} }];
}

/** SetDefaultVolumeDisk in pkg/util/util.go: every volume is a disk unless it is something else. */
function fillDisks({ domain: { devices }, volumes = [] }: Spec): void {
  const names = new Set([...(devices.disks ?? []), ...(devices.filesystems ?? [])].map(({ name }) => name));
  const missing = volumes.filter(({ name }) => !names.has(name)).map(({ name }) => ({ name }));
  if (missing.length > 0) devices.disks = [...(devices.disks ?? []), ...missing];
}

/** SetDefaultVirtualMachineInstance and ApplyNewVMIMutations: what a new instance gets. */
export function fillInstance(instance: Instance, now: Date): void {
  const { spec, metadata } = instance;
  fillSpec(spec);
  fillFeatures(spec);
  fillDevices(spec);
  fillProbe(spec.readinessProbe);
  fillProbe(spec.livenessProbe);
  spec.domain.cpu = { ...spec.domain.cpu, model: spec.domain.cpu?.model || cpuModel };
  const { sockets, cores, threads } = spec.domain.cpu;
  const guest = spec.domain.memory?.guest;
  instance.status = {
    ...instance.status,
    phase: 'Pending',
    phaseTransitionTimestamps: [{ phase: 'Pending', phaseTransitionTimestamp: timestamp(now) }],
    guestOSInfo: {},
    runtimeUser: nonRootUser,
    currentCPUTopology: { ...(cores && { cores }), ...(sockets && { sockets }), ...(threads && { threads }) },
    ...(guest === undefined ? {} : { memory: { guestAtBoot: guest, guestCurrent: guest, guestRequested: guest } }),
  } as NonNullable<Instance['status']>;
  fillHotplug(spec);
  fillPciTopology(metadata, spec);
  metadata.finalizers = [...(metadata.finalizers ?? []), finalizers.instance];
}

/** RFC 3339 with whole seconds, as Kubernetes writes times. */
export function timestamp(now: Date): string {
  return `${now.toISOString().slice(0, 19)}Z`;
}

function fillFeatures({ domain }: Spec): void {
  domain.firmware = { ...domain.firmware, uuid: domain.firmware?.uuid || randomUUID() };
  domain.features = { ...domain.features, acpi: { enabled: true, ...domain.features?.acpi } };
  for (const name of ['apic', 'smm', 'pvspinlock'] as const) {
    const feature = domain.features[name];
    if (feature) feature.enabled ??= true;
  }
  for (const timer of Object.values(domain.clock?.timer ?? {}) as { present?: boolean }[]) timer.present ??= true;
}

function fillDevices({ domain: { devices } }: Spec): void {
  for (const disk of devices.disks ?? []) {
    if (!disk.disk && !disk.cdrom && !disk.lun) disk.disk = {};
    if (disk.cdrom) Object.assign(disk.cdrom, { readonly: true, tray: 'closed', ...disk.cdrom });
    const target = disk.disk ?? disk.cdrom ?? disk.lun;
    if (target) target.bus ||= 'sata';
    const match = disk.blockSize?.matchVolume;
    if (match) match.enabled ??= true;
  }
  for (const input of devices.inputs ?? []) {
    input.bus ||= 'usb';
    input.type ||= 'tablet';
  }
  if (devices.watchdog) devices.watchdog.i6300esb = { action: 'reset', ...devices.watchdog.i6300esb };
}

/** SetDefaults_Probe in kubevirt.io/api/core/v1/defaults.go. */
export function fillProbe(probe: Probe | undefined): void {
  if (!probe) return;
  const atLeast1 = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 };
  for (const [name, value] of Object.entries(atLeast1) as [keyof typeof atLeast1, number][]) {
    if ((probe[name] ?? 0) < 1) probe[name] = value;
  }
}

/** setupCPUHotplug and setupMemoryHotplug. */
function fillHotplug(spec: Spec): void {
  const { cpu = {}, memory } = spec.domain;
  const { sockets = 0, cores = 0, threads = 0 } = cpu;
  if (!cpu.maxSockets) {
    const wanted = sockets * hotplugRatio;
    const fitting = wanted * cores * threads > vcpusMax ? Math.floor(vcpusMax / (cores * threads)) : wanted;
    if (fitting > 0) cpu.maxSockets = Math.max(fitting, sockets);
  }
  if (!memory || memory.maxGuest !== undefined || memory.guest === undefined) return;
  const maxGuest = Quantity.bytes(Quantity.of(memory.guest).value * BigInt(hotplugRatio));
  if (!memoryHotplugProblem(spec, maxGuest)) memory.maxGuest = maxGuest.toString();
}

/** setDefaultPciTopologyVersion, where machine and architecture have PCI Express. */
function fillPciTopology(metadata: { annotations?: Record<string, string> }, { architecture, domain }: Spec): void {
  const type = domain.machine?.type;
  const hasPciExpress = !type || type.includes('q35') || type.startsWith('virt');
  if (!['amd64', 'arm64', '', undefined].includes(architecture) || !hasPciExpress) return;
  metadata.annotations = { [annotations.pciTopologyVersion]: 'v3', ...metadata.annotations };
}

/** VMsMutator in vm-mutator.go: what a machine gets; firmware identity and PCI topology only when it is new. */
export function fillMachine({ spec }: Machine, isNew: boolean): void {
  const { template } = spec;
  template.spec.architecture ||= 'amd64';
  template.spec.domain.machine = {
    ...template.spec.domain.machine,
    type: template.spec.domain.machine?.type || machineType,
  };
  if (!isNew) return;
  const { firmware } = template.spec.domain;
  template.spec.domain.firmware = {
    ...firmware,
    uuid: firmware?.uuid || randomUUID(),
    serial: firmware?.serial || randomUUID(),
  };
  const metadata = { ...template.metadata };
  fillPciTopology(metadata, template.spec);
  template.metadata = metadata;
}
