import { join } from 'node:path';
import { type Forwarding, forward } from '../network/forward.ts';

/**
 * TCP between a pod and this machine. A pod has 127.0.0.1 for itself, so each port has a socket in the file system in
 * between: one process inside, `pod-ports-inside.ts`, has the pod's end, the agent the other.
 *
 * pasta(1) could do that alone, but stops for good where its reader is slower than its writer: the one of Debian 12 does
 * not wait for the reader when splice(2) says EAGAIN (2023-03-09, tcp_splice.c), so that an image never arrived.
 */
export interface PodPorts {
  /** Of containers; reached at the pod's address. */
  readonly inwards: readonly number[];
  /** Of this machine's 127.0.0.1, reached there in the pod too. */
  readonly outwards: readonly number[];
  /** Has the sockets; its path is short, since sockets' paths have 107 bytes at most (unix(7)). */
  readonly folder: string;
}

const podHost = '127.0.0.1';
const inwardSocket = ({ folder }: PodPorts, port: number) => ({ path: join(folder, `in-${port}`) });
const outwardSocket = ({ folder }: PodPorts, port: number) => ({ path: join(folder, `out-${port}`) });

/** @param address where the pod's ports are reached on this machine */
export function openOutside(ports: PodPorts, address: string): Promise<Forwarding> {
  return openAll([
    ...ports.inwards.map((port) => forward({ host: address, port }, inwardSocket(ports, port))),
    ...ports.outwards.map((port) => forward(outwardSocket(ports, port), { host: podHost, port })),
  ]);
}

/** For a process in the pod's network. */
export function openInside(ports: PodPorts): Promise<Forwarding> {
  return openAll([
    ...ports.inwards.map((port) => forward(inwardSocket(ports, port), { host: podHost, port })),
    ...ports.outwards.map((port) => forward({ host: podHost, port }, outwardSocket(ports, port))),
  ]);
}

/** All or none. */
async function openAll(opening: readonly Promise<Forwarding>[]): Promise<Forwarding> {
  const results = await Promise.allSettled(opening);
  const open = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
  const close = () => {
    for (const each of open) each.close();
  };
  const failed = results.find((result) => result.status === 'rejected');
  if (!failed) return { close };
  close();
  throw failed.reason;
}
