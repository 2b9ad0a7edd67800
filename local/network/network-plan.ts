import { execFile } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import { promisify } from 'node:util';
import type { PortForward } from '../machine/machine-spec.ts';
import { findProgram } from '../tools.ts';

/** How an instance is connected; plain data, so that it can be handed to the supervisor's process. */
export interface NetworkPlan {
  backend: 'passt' | 'user';
  /** Path of passt; set for that backend. */
  passt?: string;
  forwards: PortForward[];
  /** Why passt is installed but not used. */
  note?: string;
}

/**
 * passt where it is installed and can work, else QEMU's user networking, which is slower and stalls at about fifty
 * connections. passt takes its outward route from the host, so a host without one falls back too.
 *
 * @param userNetwork never passt: older versions, such as Debian 12's, leave the last ACK of a handshake out until the
 * client has sent something, so a server that speaks first waits for ever; and a packaged passt cannot be asked its version
 */
export async function planNetwork(forwards: PortForward[], userNetwork = false): Promise<NetworkPlan> {
  if (userNetwork) return { backend: 'user', forwards };
  const passt = await findProgram('passt');
  if (passt === undefined || !hasOutsideAddress()) return { backend: 'user', forwards };
  if (!(await canMakeUserNamespaces())) return { backend: 'user', forwards, note: namespaceNote };
  return { backend: 'passt', passt, forwards };
}

const namespaceNote =
  'passt, which is the faster one, locks itself into a user namespace, and this system refuses those (a chroot or a container, or the sysctl user.max_user_namespaces).';

/** passt insists on a user namespace (passt(1), SECURITY), whoever starts it. */
async function canMakeUserNamespaces(): Promise<boolean> {
  const unshare = await findProgram('unshare');
  if (unshare === undefined) return true;
  return promisify(execFile)(unshare, ['--user', 'true']).then(
    () => true,
    () => false,
  );
}

function hasOutsideAddress(): boolean {
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ family, internal }) => family === 'IPv4' && !internal),
  );
}
