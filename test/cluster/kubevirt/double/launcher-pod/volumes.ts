import type { Instance, Volume } from '../types.ts';
import { LaunchError } from './launch-error.ts';
import type { Claim, LaunchInput, PodVolume, VolumeMount } from './pod-types.ts';

/** Folders inside the launcher (pkg/util/util.go and pkg/config of KubeVirt). */
const privateFolder = '/var/run/kubevirt-private';
const imageVolumeFolder = '/var/run/kubevirt-image-volume';
const kernelBootFolder = '/var/run/kubevirt-kernel-boot';

export const launcherVolume = 'launcher-volume';
export const kernelBootVolume = 'kernel-boot-volume';

export interface PodVolumes {
  volumes: PodVolume[];
  mounts: VolumeMount[];
  devices: { name: string; devicePath: string }[];
  /** Where several nodes may write at once. */
  sharedPaths: string[];
}

/** Volumes of the pod and where `compute` mounts them (rendervolumes.go), with the feature gate ImageVolume on. */
export function podVolumes({ instance, launcherImage, claimOf }: LaunchInput): PodVolumes {
  const rendered: PodVolumes = { volumes: baseVolumes(), mounts: baseMounts(), devices: [], sharedPaths: [] };
  const { disks = [] } = instance.spec.domain.devices;
  const volumes = instance.spec.volumes ?? [];
  for (const volume of volumes) addConfiguration(rendered, volume);
  for (const { name } of disks) {
    const volume = volumes.find((candidate) => candidate.name === name);
    if (volume) mountConfiguration(rendered, volume);
  }
  for (const volume of volumes) addStorage(rendered, volume, claimOf);
  for (const secretName of accessSecrets(instance)) {
    const name = `${secretName}-access-cred`;
    rendered.volumes.push({ name, secret: { secretName } });
    rendered.mounts.push({ name, mountPath: `${privateFolder}/secret/${name}`, readOnly: true });
  }
  addImages(rendered, instance, launcherImage);
  if (instance.spec.domain.memory?.hugepages) addHugepages(rendered);
  if (!instance.spec.domain.devices.disableHotplug) addHotplug(rendered);
  if (instance.spec.domain.devices.filesystems?.length) {
    rendered.volumes.push({ name: 'virtiofs-containers', emptyDir: {} });
    rendered.mounts.push({ name: 'virtiofs-containers', mountPath: '/var/run/kubevirt/virtiofs-containers' });
  }
  return rendered;
}

function baseVolumes(): PodVolume[] {
  const names = ['private', 'public', 'sockets', 'virt-bin-share-dir', 'libvirt-runtime', 'ephemeral-disks'];
  return names.map((name) => ({ name, emptyDir: {} }));
}

function baseMounts(): VolumeMount[] {
  return [
    { name: 'private', mountPath: privateFolder },
    { name: 'public', mountPath: '/var/run/kubevirt' },
    { name: 'ephemeral-disks', mountPath: '/var/run/kubevirt-ephemeral-disks' },
    { name: 'libvirt-runtime', mountPath: '/var/run/libvirt' },
    { name: 'sockets', mountPath: '/var/run/kubevirt/sockets' },
  ];
}

function optional(given: { optional?: boolean }): { optional?: boolean } {
  return given.optional === undefined ? {} : { optional: given.optional };
}

function addConfiguration({ volumes }: PodVolumes, { name, secret, configMap, downwardAPI }: Volume): void {
  if (secret) volumes.push({ name, secret: { secretName: secret.secretName ?? '', ...optional(secret) } });
  if (configMap) volumes.push({ name, configMap: { name: configMap.name ?? '', ...optional(configMap) } });
  if (downwardAPI) volumes.push({ name, downwardAPI: { items: (downwardAPI.fields ?? []) as object[] } });
}

function mountConfiguration({ mounts }: PodVolumes, { name, secret, configMap, downwardAPI }: Volume): void {
  const folder = secret ? 'secret' : configMap ? 'config-map' : downwardAPI ? 'downwardapi' : undefined;
  if (folder) mounts.push({ name, mountPath: `${privateFolder}/${folder}/${name}`, readOnly: true });
}

function addStorage(rendered: PodVolumes, volume: Volume, claimOf: LaunchInput['claimOf']): void {
  const { name, persistentVolumeClaim, dataVolume, ephemeral, sysprep, cloudInitNoCloud, cloudInitConfigDrive } =
    volume;
  const isHotplugged = persistentVolumeClaim?.hotpluggable || dataVolume?.hotpluggable;
  if (isHotplugged) return;
  const claimName = persistentVolumeClaim?.claimName ?? dataVolume?.name ?? ephemeral?.persistentVolumeClaim?.claimName;
  if (claimName !== undefined) {
    const readOnly = persistentVolumeClaim?.readOnly ?? ephemeral?.persistentVolumeClaim?.readOnly;
    mountClaim(rendered, name, claimName, claimOf(claimName));
    rendered.volumes.push({ name, persistentVolumeClaim: { claimName, ...(readOnly ? { readOnly } : {}) } });
  }
  if (sysprep) {
    const { secret, configMap } = sysprep;
    const source = secret
      ? { secret: { secretName: secret.name ?? '' } }
      : { configMap: { name: configMap?.name ?? '' } };
    rendered.volumes.push({ name, ...source });
    rendered.mounts.push({ name, mountPath: `${privateFolder}/sysprep/${name}`, readOnly: true });
  }
  const cloudInit = cloudInitNoCloud ?? cloudInitConfigDrive;
  if (cloudInit) {
    addCloudInit(rendered, name, 'udata', ['userdata', 'userData'], cloudInit.secretRef?.name);
    addCloudInit(rendered, name, 'ndata', ['networkdata', 'networkData'], cloudInit.networkDataSecretRef?.name);
  }
}

function mountClaim(rendered: PodVolumes, name: string, claimName: string, claim: Claim | undefined): void {
  if (!claim) throw new LaunchError('FailedPvcNotFound', `there is no claim ${claimName}`);
  if (claim.volumeMode === 'Block') {
    rendered.devices.push({ name, devicePath: `/dev/${name}` });
    return;
  }
  const mountPath = `${privateFolder}/vmi-disks/${name}`;
  rendered.mounts.push({ name, mountPath });
  if (claim.accessModes.includes('ReadWriteMany')) rendered.sharedPaths.push(mountPath);
}

function addCloudInit(
  { volumes, mounts }: PodVolumes,
  volume: string,
  suffix: string,
  keys: readonly string[],
  secretName: string | undefined,
): void {
  if (secretName === undefined) return;
  const name = `${volume}-${suffix}`;
  volumes.push({ name, secret: { secretName } });
  for (const key of keys) {
    mounts.push({ name, mountPath: `${privateFolder}/secret/${volume}/${key}`, subPath: key, readOnly: true });
  }
}

function accessSecrets({ spec }: Instance): string[] {
  return (spec.accessCredentials ?? []).flatMap(({ sshPublicKey, userPassword }) => {
    const name = sshPublicKey?.source.secret?.secretName ?? userPassword?.source.secret?.secretName;
    return name ? [name] : [];
  });
}

function addImages({ volumes, mounts }: PodVolumes, { spec }: Instance, launcherImage: string): void {
  let any = false;
  for (const [index, { name, containerDisk }] of (spec.volumes ?? []).entries()) {
    if (!containerDisk) continue;
    any = true;
    const { image, imagePullPolicy } = containerDisk;
    volumes.push({ name, image: { reference: image, ...(imagePullPolicy && { pullPolicy: imagePullPolicy }) } });
    mounts.push({ name, mountPath: `${imageVolumeFolder}/disk_${index}`, readOnly: true });
  }
  const kernel = spec.domain.firmware?.kernelBoot?.container;
  if (kernel) {
    any = true;
    const { image, imagePullPolicy } = kernel;
    const source = { reference: image, ...(imagePullPolicy && { pullPolicy: imagePullPolicy }) };
    volumes.push({ name: kernelBootVolume, image: source });
    mounts.push({ name: kernelBootVolume, mountPath: kernelBootFolder, readOnly: true });
  }
  if (any) volumes.push({ name: launcherVolume, image: { reference: launcherImage, pullPolicy: 'IfNotPresent' } });
}

function addHugepages({ volumes, mounts }: PodVolumes): void {
  for (const [name, mountPath] of [
    ['hugepages', '/dev/hugepages'],
    ['hugetblfs-dir', '/dev/hugepages/libvirt/qemu'],
  ] as const) {
    volumes.push({ name, emptyDir: { medium: 'HugePages' } });
    mounts.push({ name, mountPath });
  }
}

function addHotplug({ volumes, mounts }: PodVolumes): void {
  const name = 'hotplug-disks';
  mounts.push({ name, mountPath: '/var/run/kubevirt/hotplug-disks', mountPropagation: 'HostToContainer' });
  volumes.push({ name, emptyDir: {} });
}
