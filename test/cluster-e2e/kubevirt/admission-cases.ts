import { guestSpec } from '../../cluster/kubevirt/double/samples.ts';
import type { Disk, Interface, Spec, Volume } from '../../cluster/kubevirt/double/types.ts';

type Change = (spec: Spec) => unknown;

/** Something that does not belong there, past the compiler. */
function set(target: object | undefined, fields: object): void {
  Object.assign(target ?? {}, fields);
}

function disk({ domain }: Spec): Disk {
  return domain.devices.disks?.[0] as Disk;
}

function nic({ domain }: Spec): Interface {
  return domain.devices.interfaces?.[0] as Interface;
}

function addVolume(spec: Spec, volume: Volume): void {
  spec.volumes?.push(volume);
  spec.domain.devices.disks?.push({ name: volume.name, disk: { bus: 'virtio' } });
}

const resources = (requests: object, limits: object = {}) => ({ resources: { requests, limits } });

/** A guest of the operator with one thing changed; whether it is admitted, and with which defaults, KubeVirt says. */
export const specCases: Readonly<Record<string, Change>> = {
  'the guest of the operator': () => {},
  'nothing but memory': (spec) => {
    for (const field of Object.keys(spec)) delete spec[field as keyof Spec];
    set(spec, { domain: { memory: { guest: '64Mi' }, devices: {} } });
  },
  'memory by request': ({ domain }) => set(domain, { memory: {}, ...resources({ memory: '64M', cpu: '1500m' }) }),
  'memory by limit': ({ domain }) => set(domain, { memory: {}, ...resources({}, { memory: '64Mi', cpu: '2' }) }),
  '2 GiB of memory': ({ domain }) => set(domain, { memory: { guest: '2Gi' }, cpu: { cores: 2 } }),
  'no memory': ({ domain }) => set(domain, { memory: {} }),
  'less memory than 1 M': ({ domain }) => set(domain, resources({ memory: '1k' })),
  'a memory request above the limit': ({ domain }) => set(domain, resources({ memory: '2Gi' }, { memory: '1Gi' })),
  'a negative memory limit': ({ domain }) => set(domain, resources({}, { memory: '-1' })),
  'a CPU request above the limit': ({ domain }) => set(domain, resources({ cpu: '2' }, { cpu: '1' })),
  'memory that is no quantity': ({ domain }) => set(domain.memory, { guest: 'much' }),
  'huge pages that do not fit': ({ domain }) => set(domain.memory, { guest: '3Mi', hugepages: { pageSize: '2Mi' } }),
  'half a core': ({ domain }) => set(domain.cpu, { cores: 0.5 }),
  'more sockets than maxSockets': ({ domain }) => set(domain.cpu, { sockets: 2 }),
  'dedicated CPUs by cores': ({ domain }) => set(domain.cpu, { dedicatedCpuPlacement: true }),
  'dedicated CPUs and half a CPU': ({ domain }) => {
    set(domain.cpu, { dedicatedCpuPlacement: true });
    set(domain, resources({ cpu: '1500m' }));
  },
  'an isolated emulator thread alone': ({ domain }) => set(domain.cpu, { isolateEmulatorThread: true }),
  'an unknown CPU feature policy': ({ domain }) => set(domain.cpu, { features: [{ name: 'vmx', policy: 'maybe' }] }),
  'machine type i440fx': ({ domain }) => set(domain, { machine: { type: 'pc-i440fx-2.10' } }),
  'machine type pc-q35-7.2': ({ domain }) => set(domain, { machine: { type: 'pc-q35-7.2' } }),
  'another architecture': (spec) => set(spec, { architecture: 'riscv64' }),
  'an unknown field': (spec) => set(spec, { colour: 'red' }),
  'a host name with capitals': (spec) => set(spec, { hostname: 'Redis' }),
  'a subdomain with an underscore': (spec) => set(spec, { subdomain: 'a_b' }),
  'an unknown start strategy': (spec) => set(spec, { startStrategy: 'Slowly' }),
  'an unknown eviction strategy': (spec) => set(spec, { evictionStrategy: 'Perhaps' }),
  'eviction by live migration': (spec) => set(spec, { evictionStrategy: 'LiveMigrate' }),

  'kernel boot without image': ({ domain }) => set(domain.firmware?.kernelBoot?.container, { image: '' }),
  'kernel boot without paths': ({ domain }) => set(domain.firmware?.kernelBoot?.container, { kernelPath: '' }),
  'kernel boot with a relative path': ({ domain }) =>
    set(domain.firmware?.kernelBoot?.container, { kernelPath: 'boot/osv.elf' }),
  'kernel arguments without kernel': ({ domain }) => set(domain.firmware, { kernelBoot: { kernelArgs: 'quiet' } }),
  'EFI and BIOS': ({ domain }) => set(domain.firmware, { bootloader: { efi: { secureBoot: false }, bios: {} } }),
  'secure boot without SMM': ({ domain }) => set(domain.firmware, { bootloader: { efi: {} } }),

  'a disk without volume': (spec) => set(disk(spec), { name: 'other' }),
  'a volume without disk': (spec) => spec.volumes?.push({ name: 'extra', emptyDisk: { capacity: '1Mi' } }),
  'two disks of one name': ({ domain }) => domain.devices.disks?.push({ name: 'root', disk: { bus: 'virtio' } }),
  'two volumes of one name': (spec) => spec.volumes?.push({ name: 'root', emptyDisk: { capacity: '1Mi' } }),
  'a disk without bus': (spec) => set(disk(spec), { disk: {} }),
  'a disk without target': (spec) => delete disk(spec).disk,
  'a disk that is a CD-ROM too': (spec) => set(disk(spec), { cdrom: { bus: 'sata' } }),
  'a CD-ROM on virtio': (spec) => set(disk(spec), { disk: undefined, cdrom: { bus: 'virtio' } }),
  'an IDE disk': (spec) => set(disk(spec), { disk: { bus: 'ide' } }),
  'a read-only SATA disk': (spec) => set(disk(spec), { disk: { bus: 'sata', readonly: true } }),
  'a serial with a space': (spec) => set(disk(spec), { serial: 'a b' }),
  'a serial of 300 characters': (spec) => set(disk(spec), { serial: 'a'.repeat(300) }),
  'an unknown cache mode': (spec) => set(disk(spec), { cache: 'sometimes' }),
  'an unknown I/O mode': (spec) => set(disk(spec), { io: 'fast' }),
  'boot order 0': (spec) => set(disk(spec), { bootOrder: 0 }),
  'a boot order twice': (spec) => {
    for (const each of spec.domain.devices.disks ?? []) set(each, { bootOrder: 1 });
  },
  'a block size of 1000': (spec) => set(disk(spec), { blockSize: { custom: { logical: 1000, physical: 1000 } } }),
  'a dedicated I/O thread on SATA': (spec) => set(disk(spec), { disk: { bus: 'sata' }, dedicatedIOThread: true }),

  'a volume with two sources': (spec) => set(spec.volumes?.[0], { emptyDisk: { capacity: '1Mi' } }),
  'a volume without source': (spec) => set(spec.volumes?.[1], { secret: undefined }),
  'a ConfigMap without name': (spec) => addVolume(spec, { name: 'config', configMap: {} }),
  'a Secret without name': (spec) => addVolume(spec, { name: 'more', secret: {} }),
  'a ConfigMap and a claim': (spec) => {
    addVolume(spec, { name: 'config', configMap: { name: 'settings', volumeLabel: 'config' } });
    addVolume(spec, { name: 'data', persistentVolumeClaim: { claimName: 'data' } });
  },
  'a host disk': (spec) => addVolume(spec, { name: 'host', hostDisk: { path: '/a', type: 'Disk' } }),
  'cloud-init without data': (spec) => addVolume(spec, { name: 'seed', cloudInitNoCloud: {} }),
  'cloud-init with 2,049 bytes': (spec) =>
    addVolume(spec, { name: 'seed', cloudInitNoCloud: { userData: 'a'.repeat(2049) } }),
  'cloud-init with broken base64': (spec) =>
    addVolume(spec, { name: 'seed', cloudInitNoCloud: { userDataBase64: '!' } }),
  'a containerDisk path to the root': (spec) => set(spec.volumes?.[0]?.containerDisk, { path: '/' }),
  'an image without tag': (spec) =>
    set(spec.volumes?.[0]?.containerDisk, { image: 'redis', imagePullPolicy: undefined }),

  'no network': (spec) => {
    delete spec.networks;
    delete spec.domain.devices.interfaces;
    delete spec.readinessProbe;
  },
  'an interface without network': (spec) => set(spec, { networks: [] }),
  'a network without interface': (spec) => spec.networks?.push({ name: 'more', multus: { networkName: 'more' } }),
  'a network without type': (spec) => set(spec.networks?.[0], { pod: undefined }),
  'two networks of one name': (spec) => spec.networks?.push({ name: 'default', pod: {} }),
  'two bindings': (spec) => set(nic(spec), { bridge: {} }),
  'no binding': (spec) => delete nic(spec).masquerade,
  'the binding slirp': (spec) => set(nic(spec), { masquerade: undefined, slirp: {} }),
  'masquerade on another network': (spec) =>
    set(spec.networks?.[0], { pod: undefined, multus: { networkName: 'other' } }),
  'an unknown interface model': (spec) => set(nic(spec), { model: 'ne1000' }),
  'an interface name with a dot': (spec) => {
    set(nic(spec), { name: 'a.b' });
    set(spec.networks?.[0], { name: 'a.b' });
  },
  'a broken MAC address': (spec) => set(nic(spec), { macAddress: '02:00' }),
  'the MAC address of the bridge': (spec) => set(nic(spec), { macAddress: '02:00:00:00:00:00' }),
  'a broken PCI address': (spec) => set(nic(spec), { pciAddress: '1' }),
  'a port twice': (spec) =>
    set(nic(spec), {
      ports: [
        { name: 'a', port: 1 },
        { name: 'a', port: 2 },
      ],
    }),
  'a port name that is too long': (spec) => set(nic(spec), { ports: [{ name: 'a'.repeat(16), port: 1 }] }),
  'port 0': (spec) => set(nic(spec), { ports: [{ port: 0 }] }),
  'port 70000': (spec) => set(nic(spec), { ports: [{ port: 70_000 }] }),
  'port over SCTP': (spec) => set(nic(spec), { ports: [{ port: 1, protocol: 'SCTP' }] }),
  'a state that there is not': (spec) => set(nic(spec), { state: 'sleeping' }),

  'a probe without handler': (spec) => set(spec, { livenessProbe: { periodSeconds: 1 } }),
  'a probe with two handlers': (spec) => set(spec, { livenessProbe: { tcpSocket: { port: 1 }, httpGet: { port: 1 } } }),
  'a probe without port': (spec) => set(spec, { livenessProbe: { tcpSocket: {} } }),
  'a probe by command': (spec) => set(spec, { livenessProbe: { exec: { command: ['true', '-x'] } } }),
  'a probe without pod network': (spec) => {
    set(spec.networks?.[0], { pod: undefined, multus: { networkName: 'other' } });
    set(nic(spec), { masquerade: undefined, bridge: {} });
  },

  'an unknown DNS policy': (spec) => set(spec, { dnsPolicy: 'Mine' }),
  'DNS policy None without configuration': (spec) => set(spec, { dnsPolicy: 'None' }),
  'a name server that is no address': (spec) => set(spec, { dnsConfig: { nameservers: ['dns.example'] } }),
  'an affinity weight of 200': (spec) =>
    set(spec, {
      affinity: {
        nodeAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 200, preference: { matchExpressions: [{ key: 'a', operator: 'Exists' }] } },
          ],
        },
      },
    }),
  'an affinity term without topology': (spec) =>
    set(spec, {
      affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: '' }] } },
    }),
  'a spread constraint of skew 0': (spec) =>
    set(spec, {
      topologySpreadConstraints: [{ maxSkew: 0, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }],
    }),
  'an unknown watchdog action': ({ domain }) => set(domain.devices, { watchdog: { name: 'w', i6300esb: {} } }),
  'an input that is a mouse': ({ domain }) =>
    set(domain.devices, { inputs: [{ name: 'i', type: 'mouse', bus: 'usb' }] }),
  'an unknown sound card': ({ domain }) => set(domain.devices, { sound: { name: 's', model: 'sb16' } }),
  'a vsock device': ({ domain }) => set(domain.devices, { autoattachVSOCK: true }),
  'a host device': ({ domain }) => set(domain.devices, { hostDevices: [{ name: 'h', deviceName: 'd' }] }),
  'termination on reboot': ({ domain }) => set(domain, { rebootPolicy: 'Terminate' }),
  'an unknown I/O threads policy': ({ domain }) => set(domain, { ioThreadsPolicy: 'many' }),
};

/** An object that is offered, by name of the case. */
export interface Offer {
  readonly plural: string;
  readonly object: object;
}

const labels = { 'osvapp.dev/app': 'redis' };

function offer(plural: string, kind: string, spec: object, metadata: object = {}): Offer {
  return {
    plural,
    object: { apiVersion: 'kubevirt.io/v1', kind, metadata: { name: 'redis', labels, ...metadata }, spec },
  };
}

function instance(spec: object, metadata?: object): Offer {
  return offer('virtualmachineinstances', 'VirtualMachineInstance', spec, metadata);
}

function replicaSet(spec: object): Offer {
  const template = { metadata: { labels }, spec: guestSpec() };
  const usual = { replicas: 2, selector: { matchLabels: labels }, template };
  return offer('virtualmachineinstancereplicasets', 'VirtualMachineInstanceReplicaSet', { ...usual, ...spec });
}

function machine(spec: object, change: Change = () => {}): Offer {
  const guest = guestSpec();
  // Memory cannot be plugged below 1 GiB.
  delete guest.domain.memory?.maxGuest;
  change(guest);
  return offer('virtualmachines', 'VirtualMachine', { template: { metadata: { labels }, spec: guest }, ...spec });
}

function changed(change: Change): Spec {
  const spec = guestSpec();
  change(spec);
  return spec;
}

export const offers: Readonly<Record<string, Offer>> = {
  ...Object.fromEntries(Object.entries(specCases).map(([name, change]) => [`VMI: ${name}`, instance(changed(change))])),
  'VMI: a reserved label': instance(guestSpec(), { labels: { 'kubevirt.io/nodeName': 'node-1' } }),
  'VMI: hook sidecars': instance(guestSpec(), { annotations: { 'hooks.kubevirt.io/hookSidecars': '[]' } }),

  'VMIRS: usual': replicaSet({}),
  'VMIRS: without replicas': replicaSet({ replicas: undefined }),
  'VMIRS: negative replicas': replicaSet({ replicas: -1 }),
  'VMIRS: another selector': replicaSet({ selector: { matchLabels: { app: 'other' } } }),
  'VMIRS: a selector with a wrong operator': replicaSet({
    selector: { matchExpressions: [{ key: 'a', operator: 'Near', values: [] }] },
  }),
  'VMIRS: without template': replicaSet({ template: undefined }),
  'VMIRS: a bad template': replicaSet({
    template: { metadata: { labels }, spec: changed((spec) => set(disk(spec), { name: 'other' })) },
  }),
  'VMIRS: a volume without disk': replicaSet({
    template: {
      metadata: { labels },
      spec: changed((spec) => spec.volumes?.push({ name: 'extra', emptyDisk: { capacity: '1Mi' } })),
    },
  }),

  'VM: usual': machine({ runStrategy: 'Always' }),
  'VM: running': machine({ running: true }),
  'VM: without run strategy': machine({}),
  'VM: both': machine({ running: true, runStrategy: 'Always' }),
  'VM: an unknown run strategy': machine({ runStrategy: 'Sometimes' }),
  'VM: maxGuest below 1 GiB': machine({ runStrategy: 'Always' }, ({ domain }) =>
    set(domain.memory, { maxGuest: '128Mi' }),
  ),
  'VM: more sockets than maxSockets': machine({ runStrategy: 'Always' }, ({ domain }) =>
    set(domain.cpu, { sockets: 2 }),
  ),
  'VM: a bad template': machine({ runStrategy: 'Always' }, (spec) => set(disk(spec), { name: 'other' })),
  'VM: without template': offer('virtualmachines', 'VirtualMachine', { runStrategy: 'Always' }),
};
