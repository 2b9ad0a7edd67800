import type { Instance, InstanceStatus } from '../../types.ts';
import type { StateInput } from './next-state.ts';

type Volumes = NonNullable<InstanceStatus['volumeStatus']>;
type Interfaces = NonNullable<InstanceStatus['interfaces']>;

/** What is known of each volume, by name (updateVolumeStatus in pkg/virt-controller/watch/vmi/storage.go of KubeVirt). */
export function volumeStatus({ instance, claimOf }: Pick<StateInput, 'instance' | 'claimOf'>): Volumes {
  const known = new Map((instance.status?.volumeStatus ?? []).map((status) => [status.name, status]));
  const list = (instance.spec.volumes ?? []).map(({ name, persistentVolumeClaim, dataVolume }) => {
    const status = { ...(known.get(name) ?? { name, target: '' }) };
    const claimName = persistentVolumeClaim?.claimName ?? dataVolume?.name;
    const claim = claimName === undefined ? undefined : claimOf(claimName);
    if (!claim) return status;
    const { accessModes, volumeMode, resources } = claim.spec ?? {};
    const info = {
      claimName,
      accessModes,
      volumeMode,
      capacity: claim.status?.capacity,
      requests: resources?.requests,
      filesystemOverhead: '0.055',
    };
    const present = Object.entries(info).filter(([, value]) => value !== undefined);
    return { ...status, persistentVolumeClaimInfo: Object.fromEntries(present) };
  });
  return list.toSorted((left, right) => (left.name < right.name ? -1 : left.name > right.name ? 1 : 0)) as Volumes;
}

/** The primary interface is the pod's eth0; what virt-handler found out stays (UpdateVMIStatus in pkg/network/controllers). */
export function interfaceStatus({ spec, status }: Readonly<Instance>): Interfaces {
  const known = status?.interfaces ?? [];
  const primary = spec.networks?.find(({ pod, multus }) => pod || (multus && 'default' in multus && multus.default));
  if (!primary) return [...known];
  const own = known.find(({ name }) => name === primary.name) ?? { name: primary.name };
  return [{ ...own, podInterfaceName: 'eth0' }, ...known.filter(({ name }) => name !== primary.name)] as Interfaces;
}
