import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { isSystemError, LocalError } from '../errors.ts';
import type { PortForward } from '../machine/machine-spec.ts';

const portMax = 65535;

/**
 * Reads docker's `-p`: [ADDRESS:]HOST:GUEST, or GUEST alone, with /udp behind it for another protocol than TCP. Without an address the port is published on 127.0.0.1, never
 * on the host's other addresses; without a host port, on the instance's own address only.
 *
 * @throws LocalError invalid-argument
 */
export function parsePublishedPort(text: string): Partial<PortForward> & Pick<PortForward, 'guestPort'> {
  const match = /^(?:(?:(\d+\.\d+\.\d+\.\d+):)?(\d+):)?(\d+)(?:\/(tcp|udp))?$/i.exec(text);
  if (!match) {
    const forms = 'write HOST:GUEST or ADDRESS:HOST:GUEST, and /udp behind it for UDP';
    throw new LocalError('invalid-argument', `"${text}" is no port mapping; ${forms}.`);
  }
  const guest = {
    guestPort: checkPort(match[3], text),
    ...(/udp/i.test(match[4] ?? '') && { protocol: 'UDP' as const }),
  };
  if (match[2] === undefined) return guest;
  return { hostAddress: match[1] ?? '127.0.0.1', hostPort: checkPort(match[2], text), ...guest };
}

function checkPort(digits: string | undefined, text: string): number {
  const port = Number(digits);
  if (port < 1 || port > portMax) {
    throw new LocalError('invalid-argument', `"${text}" names port ${port}; ports go from 1 to ${portMax}.`);
  }
  return port;
}

/** Whether nothing listens there and this user may. */
export async function isPortFree(hostAddress: string, hostPort: number, protocol?: 'UDP'): Promise<boolean> {
  try {
    await (protocol === 'UDP' ? bindOnce : listenOnce)(hostAddress, hostPort);
    return true;
  } catch (error) {
    if (isSystemError(error, 'EADDRINUSE')) return false;
    throw error;
  }
}

/**
 * @throws LocalError port-in-use for the first port that cannot be had
 */
export async function requireFreePorts(forwards: PortForward[]): Promise<void> {
  for (const { hostAddress, hostPort, protocol } of forwards) {
    const place = `${hostAddress}:${hostPort}${protocol === 'UDP' ? '/udp' : ''}`;
    try {
      if (await isPortFree(hostAddress, hostPort, protocol)) continue;
    } catch (error) {
      if (isSystemError(error, 'EACCES')) {
        throw new LocalError('port-in-use', `This user may not listen on port ${place}; choose one from 1024 up.`);
      }
      if (isSystemError(error, 'EADDRNOTAVAIL')) {
        throw new LocalError('port-in-use', `${hostAddress} is no address of this machine.`);
      }
      throw error;
    }
    throw new LocalError('port-in-use', `Port ${place} is in use by another program; publish another one with -p.`);
  }
}

function listenOnce(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve()));
  });
}

function bindOnce(address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.on('error', reject);
    socket.bind({ address, port, exclusive: true }, () => socket.close(() => resolve()));
  });
}
