import { type ChildProcess, spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { LocalError } from '../errors.ts';
import type { PortForward } from '../machine/machine-spec.ts';
import { guestNetwork } from './guest-network.ts';

/** Index in the child's stdio, and so the number of the descriptor on which passt finds QEMU. */
const socketDescriptor = 3;

/** The addresses that a guest sees. */
export interface GuestAddresses {
  address: string;
  prefixLength: number;
  gateway: string;
  nameserver: string;
}

/** TCP ports, the same ones in the guest; those that somebody has already are left out. */
export interface PortRange {
  hostAddress: string;
  first: number;
  last: number;
}

export interface PasstOptions {
  /** Those of the local guest's network without them. */
  addresses?: GuestAddresses;
  tcpRanges?: readonly PortRange[];
}

/** passt's arguments, after its manual page passt(1): in the foreground. */
export function passtArguments(forwards: readonly PortForward[], options: PasstOptions = {}): string[] {
  const { addresses = guestNetwork, tcpRanges = [] } = options;
  const words = (wanted: PortForward['protocol']) =>
    forwards
      .filter(({ protocol }) => protocol === wanted)
      .map(({ hostAddress, hostPort, guestPort }) => `${hostAddress}/${hostPort}:${guestPort}`);
  const option = (name: string, all: readonly string[]) =>
    all.length === 0 ? [name, 'none'] : all.flatMap((word) => [name, word]);
  const ranges = tcpRanges.map(({ hostAddress, first, last }) => `${hostAddress}/${first}-${last}`);
  return [
    ...['-f', '-F', `${socketDescriptor}`, '--ipv4-only'],
    ...['-a', addresses.address, '-n', `${addresses.prefixLength}`, '-g', addresses.gateway],
    ...['--dns-forward', addresses.nameserver],
    ...option('-u', words('UDP')),
    ...option('-t', [...words(undefined), ...ranges]),
  ];
}

export interface Passt {
  process: ChildProcess;
  /** QEMU's end; to be inherited by QEMU and then destroyed here. passt ends when the last holder closes it. */
  socket: Socket;
}

/**
 * Starts passt on one end of a socket pair. It has no path in the file system and no life of its own: whoever holds the
 * other end keeps it running, so it cannot be left behind, not even by SIGKILL. (A parent-death signal would not do:
 * the kernel clears it when passt changes to the user nobody.)
 *
 * @throws LocalError when it cannot start, or does not listen
 */
export async function startPasst(
  program: string,
  forwards: readonly PortForward[],
  logPath: string,
  options: PasstOptions = {},
): Promise<Passt> {
  const log = await open(logPath, 'a', 0o600);
  try {
    const child = spawn(program, passtArguments(forwards, options), {
      // Its own process group: Ctrl-C on a terminal is not for it.
      detached: true,
      stdio: ['ignore', log.fd, log.fd, 'pipe'],
    });
    const socket = child.stdio[socketDescriptor] as Socket;
    socket.on('error', () => socket.destroy());
    await untilListening(child, forwards, logPath);
    return { process: child, socket };
  } finally {
    await log.close();
  }
}

const listenLimitMilliseconds = 10_000;
const listenPollMilliseconds = 2;

/** passt says nothing when its ports are open, so look for them where the kernel lists listening sockets. */
async function untilListening(child: ChildProcess, forwards: readonly PortForward[], logPath: string): Promise<void> {
  const ended = { value: false };
  child.on('error', () => {
    ended.value = true;
  });
  child.on('exit', () => {
    ended.value = true;
  });
  const wanted = forwards.map(({ hostAddress, hostPort, protocol }) => procAddress(hostAddress, hostPort, protocol));
  for (const deadline = performance.now() + listenLimitMilliseconds; ; ) {
    const table = `${await readFile('/proc/net/tcp', 'utf8')}${await readFile('/proc/net/udp', 'utf8')}`;
    if (wanted.every((address) => table.includes(address))) return;
    if (ended.value || performance.now() > deadline) {
      child.kill('SIGKILL');
      const log = (await readFile(logPath, 'utf8')).trim().split('\n').at(-1) ?? '';
      throw new LocalError('machine-failed', `passt, which connects the guest to the network, did not start: ${log}`);
    }
    await new Promise((resolve) => setTimeout(resolve, listenPollMilliseconds));
  }
}

/**
 * The line in /proc/net/tcp or udp of a socket that listens or is bound: address and port in hexadecimal, any peer, state 0A
 * or 07 (proc(5)).
 */
export function procAddress(address: string, port: number, protocol?: 'UDP'): string {
  const octets = address.split('.').map(Number).reverse();
  const hex = (value: number, digits: number) => value.toString(16).toUpperCase().padStart(digits, '0');
  return `${octets.map((octet) => hex(octet, 2)).join('')}:${hex(port, 4)} 00000000:0000 ${protocol === 'UDP' ? '07' : '0A'}`;
}
