import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import type { Accelerator, PortForward } from '@osv/local';
import type { ApiClient, VirtualMachineInstance } from '@osv/operator/kubernetes';
import type { ImageStore } from '../images/image-store.ts';
import { makeDisks } from '../machine/disks.ts';
import { QemuGuest } from '../machine/guest.ts';
import { type GuestPlan, planGuest } from '../machine/plan.ts';
import { VolumeContents } from '../machine/volume-contents.ts';
import type { LoopbackOf } from '../network/loopback.ts';
import type { GuestEntry } from './guest-table.ts';

export interface GuestSources {
  client: Pick<ApiClient, 'get' | 'raw'>;
  images: ImageStore;
  accelerator: Accelerator;
  loopbackOf: LoopbackOf;
}

/** Without a list of ports KubeVirt forwards all; every one costs passt a descriptor here, so it is the lower ones. */
const allPorts = { first: 1, last: 10_000 } as const;

/**
 * Boots the machine of a VMI: images by digest, disks from the API's present content, network, QEMU.
 *
 * @throws NodeAgentError, LocalError
 */
export async function startGuest(
  vmi: Readonly<VirtualMachineInstance>,
  entry: GuestEntry & { folder: string },
  sources: GuestSources,
): Promise<QemuGuest> {
  const plan = planGuest(vmi.spec);
  const { images } = sources;
  const namespace = vmi.metadata.namespace ?? '';
  await mkdir(entry.folder, { recursive: true, mode: 0o700 });
  const contents = new VolumeContents(sources.client, { namespace, name: vmi.metadata.name });
  const disks = await makeDisks(plan.disks, entry.folder, { images, contents });
  return QemuGuest.start({
    machine: {
      ...plan,
      name: `${namespace}_${vmi.metadata.name}`,
      uuid: vmi.spec.domain.firmware?.uuid ?? entry.uid,
      accelerator: sources.accelerator,
      kernel: await kernelFiles(plan, images),
      disks,
      diskQueues: plan.blockMultiQueue ? plan.cpus : 1,
      network: plan.network && { macAddress: entry.macAddress ?? macAddressOf(entry.uid) },
    },
    folder: entry.folder,
    gracePeriodSeconds: plan.gracePeriodSeconds,
    ...forwards(plan, sources.loopbackOf(entry.podAddress)),
  });
}

async function kernelFiles({ kernel }: GuestPlan, images: ImageStore) {
  if (!kernel) return undefined;
  const image = await images.pull(kernel.image);
  return {
    path: await image.file(kernel.path),
    arguments: kernel.arguments,
    ...(kernel.initrdPath !== undefined && { initrdPath: await image.file(kernel.initrdPath) }),
  };
}

function forwards({ network }: GuestPlan, hostAddress: string) {
  const to = (port: number): PortForward => ({ hostAddress, hostPort: port, guestPort: port });
  if (!network) return { forwards: [], tcpRanges: [] };
  const all = network.tcpPorts.length === 0 && network.udpPorts.length === 0;
  return {
    forwards: [
      ...network.tcpPorts.map(to),
      ...network.udpPorts.map((port) => ({ ...to(port), protocol: 'UDP' as const })),
    ],
    tcpRanges: all ? [{ hostAddress, ...allPorts }] : [],
  };
}

/** Locally administered, and the same for the same VMI. */
export function macAddressOf(uid: string): string {
  const digest = createHash('sha256').update(uid).digest();
  return ['02', ...[...digest.subarray(0, 5)].map((byte) => byte.toString(16).padStart(2, '0'))].join(':');
}
