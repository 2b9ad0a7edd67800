import { nonRootUser } from '../kubevirt-names.ts';
import type { Instance, Probe } from '../types.ts';
import type { LaunchInput, ResourceRequirements, VolumeMount } from './pod-types.ts';
import { computeResources, wantsGuaranteed } from './resources.ts';
import { kernelBootVolume, launcherVolume, type PodVolumes } from './volumes.ts';

export interface Container {
  name: string;
  [field: string]: unknown;
}

const imagePullPolicy = 'IfNotPresent';
/** How long libvirt takes to start, in seconds; probes wait that much longer (LibvirtStartupDelay). */
const libvirtStartSeconds = 10;
/** Of `--qemu-timeout`, in seconds, with a jitter. */
const qemuTimeoutSeconds = 240;
const qemuTimeoutJitterSeconds = 120;
/** For the launcher beyond the guest's own grace period (renderLaunchManifest in template.go). */
export const gracePaddingSeconds = 15;
/** DefaultGracePeriodSeconds of KubeVirt. */
const graceSecondsDefault = 30;

export function graceSeconds({ spec }: Instance): number {
  return spec.terminationGracePeriodSeconds ?? graceSecondsDefault;
}

function nonRoot(extra: object = {}): object {
  return {
    runAsUser: nonRootUser,
    runAsNonRoot: true,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    ...extra,
  };
}

/** The container `compute`, in which the guest runs (rendercontainer.go of KubeVirt). */
export function computeContainer(input: LaunchInput, { mounts, devices, sharedPaths }: PodVolumes): Container {
  const { instance, launcherImage } = input;
  const { readinessProbe, livenessProbe } = instance.spec;
  const ports = containerPorts(instance);
  return {
    name: 'compute',
    image: launcherImage,
    imagePullPolicy,
    securityContext: nonRoot({
      runAsGroup: nonRootUser,
      capabilities: { add: ['NET_BIND_SERVICE'], drop: ['ALL'] },
    }),
    command: ['/usr/bin/virt-launcher-monitor'],
    args: launcherArguments(input),
    ...(devices.length > 0 ? { volumeDevices: devices } : {}),
    volumeMounts: mounts,
    resources: computeResources(instance),
    ...(ports.length > 0 ? { ports } : {}),
    env: environment(sharedPaths),
    ...(livenessProbe ? { livenessProbe: podProbe(instance, livenessProbe) } : {}),
    ...(readinessProbe ? { readinessProbe: podProbe(instance, readinessProbe) } : {}),
    terminationMessagePolicy: 'FallbackToLogsOnError',
  };
}

function launcherArguments({ instance, random }: LaunchInput): string[] {
  const { name, namespace = '', uid = '' } = instance.metadata;
  const timeout = qemuTimeoutSeconds + Math.floor(random() * qemuTimeoutJitterSeconds);
  const flags: Record<string, string> = {
    'qemu-timeout': `${timeout}s`,
    name,
    uid,
    namespace,
    'kubevirt-share-dir': '/var/run/kubevirt',
    'ephemeral-disk-dir': '/var/run/kubevirt-ephemeral-disks',
    'container-disk-dir': '/var/run/kubevirt/container-disks',
    'grace-period-seconds': `${graceSeconds(instance) + gracePaddingSeconds}`,
    'hook-sidecars': '0',
    'ovmf-path': '/usr/share/edk2/ovmf',
    'disk-memory-limit': '2097152000',
    hypervisor: 'kvm',
  };
  const switches = ['--run-as-nonroot', '--image-volume', '--upgrade-ordinal-ifaces'];
  return [...Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]), ...switches];
}

function environment(sharedPaths: readonly string[]): object[] {
  const shared = sharedPaths.length > 0 ? [{ name: 'SHARED_FILESYSTEM_PATHS', value: sharedPaths.join(':') }] : [];
  return [
    { name: 'XDG_CACHE_HOME', value: '/var/run/kubevirt-private' },
    { name: 'XDG_CONFIG_HOME', value: '/var/run/kubevirt-private' },
    { name: 'XDG_RUNTIME_DIR', value: '/var/run' },
    ...shared,
    { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
  ];
}

function containerPorts({ spec }: Instance): object[] {
  return (spec.domain.devices.interfaces ?? []).flatMap(({ ports = [] }) =>
    ports.map(({ name, port, protocol }) => ({
      containerPort: port,
      protocol: protocol || 'TCP',
      ...(name ? { name } : {}),
    })),
  );
}

/** A probe of the guest as a probe of the container; commands run through virt-probe in the guest's agent. */
function podProbe({ metadata }: Instance, probe: Probe): object {
  const { initialDelaySeconds = 0, timeoutSeconds = 1, exec, guestAgentPing, httpGet, tcpSocket } = probe;
  const viaAgent = [
    'virt-probe',
    '--domainName',
    `${metadata.namespace}_${metadata.name}`,
    '--timeoutSeconds',
    `${timeoutSeconds}`,
  ];
  const [command, ...rest] = exec?.command ?? [];
  const wrapped = guestAgentPing
    ? [...viaAgent, '--guestAgentPing']
    : command !== undefined && command !== 'virt-probe'
      ? [...viaAgent, '--command', command, '--', ...rest]
      : undefined;
  return {
    initialDelaySeconds: initialDelaySeconds + libvirtStartSeconds,
    timeoutSeconds: wrapped ? timeoutSeconds + 1 : timeoutSeconds,
    periodSeconds: probe.periodSeconds,
    successThreshold: probe.successThreshold,
    failureThreshold: probe.failureThreshold,
    ...(wrapped || exec ? { exec: { command: wrapped ?? exec?.command } } : {}),
    ...(httpGet ? { httpGet } : {}),
    ...(tcpSocket ? { tcpSocket } : {}),
  };
}

/** `guest-console-log` and one container an image, which tell the digest of what was pulled (serialconsolelog.go). */
export function initContainers({ instance, launcherImage }: LaunchInput): Container[] {
  const { domain, volumes = [] } = instance.spec;
  const kernel = domain.firmware?.kernelBoot?.container;
  const images = volumes.flatMap(({ name, containerDisk }) =>
    containerDisk ? [imageContainer(instance, name, containerDisk.image, containerDisk.imagePullPolicy)] : [],
  );
  if (kernel) images.push(imageContainer(instance, kernelBootVolume, kernel.image ?? '', kernel.imagePullPolicy));
  return logsConsole(instance) ? [consoleLogContainer(instance, launcherImage), ...images] : images;
}

function logsConsole({ spec }: Instance): boolean {
  const { autoattachSerialConsole, logSerialConsole } = spec.domain.devices;
  return autoattachSerialConsole !== false && logSerialConsole !== false;
}

function consoleLogContainer(instance: Instance, image: string): Container {
  const limits = { cpu: '15m', memory: '60M' };
  return {
    name: 'guest-console-log',
    image,
    imagePullPolicy,
    command: ['/usr/bin/virt-tail'],
    args: ['--logfile', `/var/run/kubevirt-private/${instance.metadata.uid}/virt-serial0-log`],
    env: [{ name: 'VIRT_LAUNCHER_LOG_VERBOSITY', value: '2' }],
    volumeMounts: [{ name: 'private', mountPath: '/var/run/kubevirt-private', readOnly: true }],
    resources: helperResources(instance, { cpu: '5m', memory: '35M' }, limits),
    securityContext: nonRoot(),
    restartPolicy: 'Always',
  };
}

function imageContainer(instance: Instance, name: string, image: string, policy: string | undefined): Container {
  const requests = { cpu: '1m', memory: '1M', 'ephemeral-storage': '50M' };
  const mount: VolumeMount = { name: launcherVolume, mountPath: '/container-disk-binary', readOnly: true };
  return {
    name: `volume${name}`,
    image,
    ...(policy ? { imagePullPolicy: policy } : {}),
    command: ['/container-disk-binary/usr/bin/container-disk'],
    args: ['--no-op'],
    resources: helperResources(instance, requests, { cpu: '10m', memory: '40M' }),
    securityContext: nonRoot(),
    volumeMounts: [mount],
  };
}

/** Helpers of a guaranteed pod ask for all that they may use, or the pod would not be guaranteed. */
function helperResources(
  instance: Instance,
  requests: Record<string, string>,
  limits: Record<string, string>,
): ResourceRequirements {
  const guaranteed = instance.spec.domain.cpu?.dedicatedCpuPlacement || wantsGuaranteed(instance);
  return { requests: guaranteed ? { ...requests, ...limits } : requests, limits };
}
