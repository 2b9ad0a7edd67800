import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { ClusterError } from '../error.ts';
import { type Lock, tryLock } from './lock.ts';

/** Ports of 127.0.0.1 that belong to one cluster as long as it lives, whether something listens on them or not. */
export interface PortBlock {
  /** The port of this name; the same one each time. */
  port(name: string): number;
  release(): Promise<void>;
}

const blockPorts = 32;
const firstPort = 16_384;

/**
 * Takes a block of ports. They lie below those that the kernel gives to outgoing connections, so a stopped process finds
 * its port free again; a lock keeps other clusters away, and a block in which anybody else listens is passed over.
 *
 * @throws ClusterError `address-in-use`
 */
export async function reservePorts(random: () => number = Math.random): Promise<PortBlock> {
  const blocks = Math.floor(((await firstEphemeralPort()) - firstPort) / blockPorts);
  const start = Math.floor(random() * blocks);
  for (let tried = 0; tried < blocks; tried++) {
    const first = firstPort + ((start + tried) % blocks) * blockPorts;
    const held = await tryLock(`ports/${first}`);
    if (!held) continue;
    if (await allFree(first)) return block(first, held);
    await held.release();
  }
  throw new ClusterError('address-in-use', `no ${blockPorts} neighbouring ports of 127.0.0.1 are free`);
}

function block(first: number, held: Lock): PortBlock {
  const names: string[] = [];
  return {
    port(name) {
      if (!names.includes(name)) names.push(name);
      const index = names.indexOf(name);
      if (index >= blockPorts) throw new ClusterError('address-in-use', `a cluster has only ${blockPorts} ports`);
      return first + index;
    },
    release: () => held.release(),
  };
}

async function allFree(first: number): Promise<boolean> {
  for (let port = first; port < first + blockPorts; port++) if (!(await isFree(port))) return false;
  return true;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1' }, () => server.close(() => resolve(true)));
  });
}

async function firstEphemeralPort(): Promise<number> {
  const range = await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8');
  const first = Number(range.trim().split(/\s+/)[0]);
  // A machine that gives all ports to outgoing connections leaves nothing better.
  return first >= firstPort + blockPorts ? first : 32_768;
}
