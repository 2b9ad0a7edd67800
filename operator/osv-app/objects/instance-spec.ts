import type { V1Disk, V1Probe, V1VirtualMachineInstanceSpec, V1Volume } from '@kubevirt-ui-ext/kubevirt-api/kubevirt';
import { managementPort, type OsvApp } from '@osv/contracts';
import { type AppVolume, defaults, isPersistent } from '../effective-spec.ts';
import { metricsPortName } from '../labels.ts';
import type { RevisionSpec } from '../revision.ts';
import type { Owner } from './owner.ts';

/** Everything that the instances of one revision are made of. */
export interface RevisionPlan {
  readonly owner: Owner;
  readonly spec: RevisionSpec;
  readonly revision: string;
  readonly imageReference: string;
  readonly bootSecretName: string;
  readonly memoryBytes: number;
}

export type ClaimOf = (volume: AppVolume) => string;

export const kernelPath = '/boot/osv.elf';

export function bootSecretName(appName: string, revision: string): string {
  return `${appName}-${revision}-boot`;
}

/** Serial of the disk of an app's n-th volume; a virtio disk's serial has at most 20 bytes, a volume's name may have 63. */
export function volumeSerial(index: number): string {
  return `volume${index}`;
}

/**
 * The spec of a VirtualMachineInstance. Nothing here may depend on how many instances there are.
 *
 * @param claimOf name of the claim behind a persistent volume; without it there are none of those
 */
export function instanceSpec(plan: RevisionPlan, claimOf?: ClaimOf): V1VirtualMachineInstanceSpec {
  const { spec, imageReference } = plan;
  const cpus = spec.resources?.cpus ?? defaults.cpus;
  const { disks, volumes } = storage(plan, claimOf);
  const kernelArguments = spec.kernel?.arguments ?? [];
  return {
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds ?? defaults.terminationGracePeriodSeconds,
    ...placement(spec),
    domain: {
      // As many sockets as there are at most, so that KubeVirt lists no absent CPUs for hotplug.
      cpu: { sockets: 1, cores: cpus, threads: 1, maxSockets: 1 },
      memory: { guest: memoryQuantity(plan.memoryBytes) },
      firmware: {
        kernelBoot: {
          ...(kernelArguments.length > 0 ? { kernelArgs: kernelArguments.join(' ') } : {}),
          container: { image: imageReference, kernelPath },
        },
      },
      devices: {
        autoattachGraphicsDevice: false,
        autoattachSerialConsole: true,
        disableHotplug: true,
        networkInterfaceMultiqueue: cpus > 1,
        blockMultiQueue: cpus > 1,
        rng: {},
        disks,
        interfaces: [{ name: 'default', model: 'virtio', masquerade: {}, ports: guestPorts(spec) }],
      },
    },
    networks: [{ name: 'default', pod: {} }],
    volumes,
    ...(spec.readinessProbe ? { readinessProbe: probe(spec.readinessProbe) } : {}),
    ...(spec.livenessProbe ? { livenessProbe: probe(spec.livenessProbe) } : {}),
  };
}

/** Only listed ports reach a guest behind masquerade, so the management port is always among them. */
function guestPorts(spec: RevisionSpec) {
  const declared = (spec.ports ?? []).map(({ name, port, protocol }) => ({
    ...(name === undefined ? {} : { name }),
    port,
    protocol: protocol ?? 'TCP',
  }));
  const taken = declared.some(({ port, protocol }) => port === managementPort && protocol === 'TCP');
  return taken ? declared : [...declared, { name: metricsPortName, port: managementPort, protocol: 'TCP' }];
}

function storage(
  { spec, imageReference, bootSecretName }: RevisionPlan,
  claimOf: ClaimOf | undefined,
): { disks: V1Disk[]; volumes: V1Volume[] } {
  const disk = (name: string, readonly = false): V1Disk => ({
    name,
    serial: name,
    disk: { bus: 'virtio', ...(readonly ? { readonly } : {}) },
  });
  const disks = [disk('root'), disk('boot')];
  const volumes: V1Volume[] = [
    { name: 'root', containerDisk: { image: imageReference } },
    { name: 'boot', secret: { secretName: bootSecretName, volumeLabel: 'osvboot' } },
  ];
  for (const [index, volume] of (spec.volumes ?? []).entries()) {
    const serial = volumeSerial(index);
    if (volume.configMap) volumes.push({ name: serial, configMap: { name: volume.configMap.name } });
    else if (volume.secret) volumes.push({ name: serial, secret: { secretName: volume.secret.secretName } });
    else if (isPersistent(volume) && claimOf) {
      const readOnly = volume.readOnly ?? false;
      const claim = { claimName: claimOf(volume), ...(readOnly ? { readOnly } : {}) };
      volumes.push({ name: serial, persistentVolumeClaim: claim });
      disks.push(disk(serial, readOnly));
      continue;
    } else continue;
    disks.push(disk(serial));
  }
  return { disks, volumes };
}

function placement({ scheduling }: RevisionSpec): Partial<V1VirtualMachineInstanceSpec> {
  if (!scheduling) return {};
  const { nodeSelector, tolerations, affinity, topologySpreadConstraints, priorityClassName } = scheduling;
  return {
    ...(nodeSelector ? { nodeSelector } : {}),
    ...(tolerations ? { tolerations: tolerations as NonNullable<V1VirtualMachineInstanceSpec['tolerations']> } : {}),
    ...(affinity ? { affinity } : {}),
    ...(topologySpreadConstraints
      ? {
          topologySpreadConstraints: topologySpreadConstraints as NonNullable<
            V1VirtualMachineInstanceSpec['topologySpreadConstraints']
          >,
        }
      : {}),
    ...(priorityClassName ? { priorityClassName } : {}),
  };
}

function probe(source: NonNullable<OsvApp['spec']['readinessProbe']>): V1Probe {
  const { tcpSocket, httpGet, ...times } = source;
  if (tcpSocket) return { ...times, tcpSocket: { port: tcpSocket.port } } as V1Probe;
  const { path = '/', port, scheme = 'HTTP' } = httpGet ?? { port: 0 };
  return { ...times, httpGet: { path, port, scheme } } as V1Probe;
}

const mebibyte = 1024 * 1024;

/** A quantity that the API server keeps letter by letter, so that comparing what is with what is wanted works. */
export function memoryQuantity(bytes: number): string {
  return bytes % mebibyte === 0 ? `${bytes / mebibyte}Mi` : String(bytes);
}
