import type { Pod } from '../kubernetes/index.ts';

/** Reasons for which a container waits until somebody mends something (kubelet, images and containers). */
const notStarting: Readonly<Record<string, string>> = {
  ErrImagePull: 'its image cannot be pulled',
  ImagePullBackOff: 'its image cannot be pulled',
  InvalidImageName: 'the name of its image is wrong',
  ErrImageNeverPull: 'its image is not on the node and may not be pulled',
  CreateContainerConfigError: 'its container cannot be configured',
  CreateContainerError: 'its container cannot be made',
  RunContainerError: 'its container cannot be started',
};

/** What keeps a build's pod from running, as a sentence that stays the same while it is tried again; undefined: nothing known. */
export function podObstacle({ metadata, spec, status }: Pod): string | undefined {
  const scheduled = status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False' && scheduled.reason === 'Unschedulable') {
    return `The build waits for a node: ${scheduled.message ?? 'its pod cannot be scheduled'}`;
  }
  const waiting = status?.containerStatuses?.[0]?.state?.waiting?.reason ?? '';
  const why = notStarting[waiting];
  if (why === undefined) return undefined;
  const image = spec?.containers[0]?.image ?? 'of no name';
  return `The build's pod ${metadata.name} does not start: ${why} (${image}).`;
}
