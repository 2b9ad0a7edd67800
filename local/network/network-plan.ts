import { networkInterfaces } from 'node:os';
import type { PortForward } from '../machine/machine-spec.ts';
import { findProgram } from '../tools.ts';

/** How an instance is connected; plain data, so that it can be handed to the supervisor's process. */
export interface NetworkPlan {
  backend: 'passt' | 'user';
  /** Path of passt; set for that backend. */
  passt?: string;
  forwards: PortForward[];
}

/**
 * passt where it is installed, else QEMU's user networking, which is slower and stalls at about fifty connections.
 * passt takes its outward route from the host, so a host without one falls back too.
 */
export async function planNetwork(forwards: PortForward[]): Promise<NetworkPlan> {
  const passt = await findProgram('passt');
  if (passt === undefined || !hasOutsideAddress()) return { backend: 'user', forwards };
  return { backend: 'passt', passt, forwards };
}

function hasOutsideAddress(): boolean {
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ family, internal }) => family === 'IPv4' && !internal),
  );
}
