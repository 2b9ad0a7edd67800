import type { Spec, Volume } from '../../types.ts';
import { type Causes, invalid, required } from '../cause.ts';
import { pathIsAbsolute } from './firmware.ts';

const sources = [
  'persistentVolumeClaim',
  'sysprep',
  'cloudInitNoCloud',
  'cloudInitConfigDrive',
  'containerDisk',
  'ephemeral',
  'emptyDisk',
  'hostDisk',
  'dataVolume',
  'configMap',
  'secret',
  'downwardAPI',
  'serviceAccount',
  'downwardMetrics',
  'memoryDump',
  'containerPath',
] as const;

/** Sources of which a machine can have one at most. */
const single = ['serviceAccount', 'downwardMetrics', 'memoryDump'] as const;

/** Longest inline data for cloud-init, in bytes (cloudInitUserMaxLen, cloudInitNetworkMaxLen). */
const cloudInitMax = 2048;

/** Names that each source cannot do without. */
const references: readonly [field: string, name: (volume: Volume) => string | undefined | false][] = [
  ['configMap.name', ({ configMap }) => configMap && (configMap.name ?? '')],
  ['secret.secretName', ({ secret }) => secret && (secret.secretName ?? '')],
  [
    'serviceAccount.serviceAccountName',
    ({ serviceAccount }) => serviceAccount && (serviceAccount.serviceAccountName ?? ''),
  ],
];

/** validateVolumes in vmi-create-admitter.go of KubeVirt. */
export function* volumesAreValid(path: string, { volumes = [] }: Spec): Causes {
  const field = `${path}.volumes`;
  const indexOfName = new Map<string, number>();
  for (const [index, volume] of volumes.entries()) {
    const where = `${field}[${index}]`;
    const other = indexOfName.get(volume.name);
    if (other === undefined) indexOfName.set(volume.name, index);
    else yield invalid(`${where}.name`, `${where} has the same name as ${field}[${other}]: ${volume.name}`);

    if (volume.dataVolume && !volume.dataVolume.name) yield required(`${where}.name`, 'a DataVolume needs a name');
    if (sources.filter((source) => volume[source]).length !== 1) {
      yield invalid(where, `${where} needs exactly one source`);
    }
    yield* cloudInitIsValid(where, volume);
    yield* hostDiskIsOff(where, volume);
    if (volume.downwardMetrics) yield invalid(where, 'the feature gate DownwardMetrics is off');
    for (const [name, read] of references) {
      if (read(volume) === '') yield invalid(`${where}.${name}`, `${where}.${name} is required`);
    }
  }
  for (const source of single) {
    if (volumes.filter((volume) => volume[source]).length > 1) {
      yield invalid(field, `${field} can have only one volume of type ${source}`);
    }
  }
}

function* cloudInitIsValid(where: string, { cloudInitNoCloud, cloudInitConfigDrive }: Volume): Causes {
  const source = cloudInitNoCloud ?? cloudInitConfigDrive;
  if (!source) return;
  const field = `${where}.${cloudInitNoCloud ? 'cloudInitNoCloud' : 'cloudInitConfigDrive'}`;
  const kinds = [
    { name: 'userData', secret: source.secretRef, text: source.userData, base64: source.userDataBase64 },
    {
      name: 'networkData',
      secret: source.networkDataSecretRef,
      text: source.networkData,
      base64: source.networkDataBase64,
    },
  ];
  let total = 0;
  for (const { name, secret, text, base64 } of kinds) {
    const count = [secret?.name, text, base64].filter(Boolean).length;
    total += count;
    if (base64 && !isBase64(base64)) yield invalid(`${field}.${name}Base64`, `${field}.${name}Base64 is no base64`);
    if (count > 1) yield invalid(field, `${field} can have only one source of ${name}`);
    const bytes = text ? Buffer.byteLength(text) : Buffer.from(base64 ?? '', 'base64').length;
    if (bytes > cloudInitMax) {
      yield invalid(field, `${field} has more than ${cloudInitMax} bytes of ${name}; put them into a Secret`);
    }
  }
  if (total === 0) yield invalid(field, `${field} needs user data or network data`);
}

function isBase64(text: string): boolean {
  return /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text.replaceAll(/[\r\n]/g, ''));
}

/** The feature gate HostDisk is off by default; the other rules for host disks hold nevertheless. */
function* hostDiskIsOff(where: string, { hostDisk }: Volume): Causes {
  if (!hostDisk) return;
  yield invalid(where, 'the feature gate HostDisk is off');
  if (!hostDisk.path) {
    const field = `${where}.hostDisk.path`;
    yield { reason: 'FieldValueNotFound', message: `${field} is required for a host disk`, field };
  }
  if (!['Disk', 'DiskOrCreate'].includes(hostDisk.type)) {
    yield invalid(`${where}.hostDisk.type`, `${where}.hostDisk.type is Disk or DiskOrCreate`);
  }
}

/** ValidateContainerDisks in pkg/storage/admitters/disks.go. */
export function* containerDiskPathsAreAbsolute(path: string, { volumes = [] }: Spec): Causes {
  for (const [index, { containerDisk }] of volumes.entries()) {
    if (containerDisk?.path) yield* pathIsAbsolute(`${path}.volumes[${index}].containerDisk`, containerDisk.path);
  }
}

/** validateVirtualMachineInstanceSpecVolumeDisks; the path is KubeVirt's own. Only for instances, not for templates. */
export function* volumesAreUsed(path: string, { domain, volumes = [] }: Spec): Causes {
  const { disks = [], filesystems = [] } = domain.devices;
  for (const [index, volume] of volumes.entries()) {
    if (volume.memoryDump) continue;
    const field = `${path}.domain.volumes[${index}]`;
    const isDisk = disks.some(({ name }) => name === volume.name);
    const isFilesystem = filesystems.some(({ name }) => name === volume.name);
    if (!isDisk && !isFilesystem) {
      yield invalid(`${field}.name`, `${field}.name '${volume.name}' is neither a disk nor a file system`);
    }
    if (volume.containerPath && (isDisk || !isFilesystem)) {
      yield invalid(field, `${field} is a container path, which has to be a file system`);
    }
  }
}

/** validateAccessCredentials. */
export function* accessCredentialsArePossible(path: string, { accessCredentials = [], volumes = [] }: Spec): Causes {
  for (const [index, { sshPublicKey, userPassword }] of accessCredentials.entries()) {
    const field = `${path}.accessCredentials[${index}]`;
    if (Boolean(sshPublicKey) === Boolean(userPassword)) yield invalid(field, `${field} needs exactly one kind`);
    if (sshPublicKey) {
      const { noCloud, configDrive, qemuGuestAgent } = sshPublicKey.propagationMethod;
      const method = `${field}.sshPublicKey.propagationMethod`;
      if (noCloud && !volumes.some(({ cloudInitNoCloud }) => cloudInitNoCloud)) {
        yield invalid(method, `${field} needs a volume with cloudInitNoCloud`);
      }
      if (configDrive && !volumes.some(({ cloudInitConfigDrive }) => cloudInitConfigDrive)) {
        yield invalid(method, `${field} needs a volume with cloudInitConfigDrive`);
      }
      if (qemuGuestAgent && !qemuGuestAgent.users?.length) {
        yield invalid(`${method}.qemuGuestAgent.users`, `${field} needs at least one user`);
      }
      if (!sshPublicKey.source.secret) yield invalid(`${field}.sshPublicKey.source`, `${field} needs one source`);
      if ([noCloud, configDrive, qemuGuestAgent].filter(Boolean).length !== 1) {
        yield invalid(method, `${field} needs exactly one way to the guest`);
      }
    }
    if (userPassword) {
      if (!userPassword.source.secret) yield invalid(`${field}.userPassword.source`, `${field} needs one source`);
      if (!userPassword.propagationMethod.qemuGuestAgent) {
        yield invalid(`${field}.userPassword.propagationMethod`, `${field} needs exactly one way to the guest`);
      }
    }
  }
}
