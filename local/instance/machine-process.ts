import type { ChildProcess } from 'node:child_process';
import { open } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { qemuArguments } from '../machine/command-line.ts';
import type { ChannelDescriptors, MachineSpec } from '../machine/machine-spec.ts';
import { spawnBound } from './bound-process.ts';

/** Descriptors in QEMU's process: after the three standard ones, in this order. */
const channels: ChannelDescriptors = { qmp: 3, stdin: 4, stdout: 5, stderr: 6, control: 7 };
const networkDescriptor = 8;

/** Our ends of the sockets that QEMU was born with. */
export type Channels = Record<keyof ChannelDescriptors, Socket>;

export interface MachineProcess {
  process: ChildProcess;
  channels: Channels;
}

export interface MachineStart {
  qemu: string;
  setpriv: string;
  spec: Omit<MachineSpec, 'channels' | 'network'>;
  /** QEMU's end of a network that another process provides, or QEMU's own. */
  network: { socket: Socket } | { device: MachineSpec['network'] };
  logPath: string;
}

/**
 * Starts QEMU, paused, with one connected socket for each channel. Nothing listens and nothing has a path, so there is
 * nothing to clean up, and QEMU cannot live on when this process has died (spawnBound).
 */
export async function startMachine(start: MachineStart): Promise<MachineProcess> {
  const { network } = start;
  const device = 'socket' in network ? { backend: 'passt' as const, descriptor: networkDescriptor } : network.device;
  const log = await open(start.logPath, 'a', 0o600);
  try {
    const child = spawnBound(
      start.setpriv,
      [start.qemu, ...qemuArguments({ ...start.spec, channels, network: device })],
      [
        ...(['ignore', log.fd, log.fd, 'pipe', 'pipe', 'pipe', 'pipe', 'pipe'] as const),
        ...('socket' in network ? [network.socket] : []),
      ],
    );
    const socketOf = (name: keyof ChannelDescriptors): Socket => {
      const socket = child.stdio[channels[name]] as Socket;
      // QEMU's end resets the connection when it exits with unread bytes; the exit itself is what counts.
      socket.on('error', () => socket.destroy());
      return socket;
    };
    return {
      process: child,
      channels: {
        qmp: socketOf('qmp'),
        stdin: socketOf('stdin'),
        stdout: socketOf('stdout'),
        stderr: socketOf('stderr'),
        control: socketOf('control'),
      },
    };
  } finally {
    if ('socket' in network) network.socket.destroy();
    await log.close();
  }
}
