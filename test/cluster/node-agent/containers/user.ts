import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '@osv/operator/kubernetes';
import { NodeAgentError } from '../error.ts';
import type { Container } from './container.ts';

/**
 * Who a container's program is: as the pod says, else as the image does.
 *
 * @param imageUser `USER[:GROUP]` of the image's configuration, as numbers or names of its /etc/passwd and /etc/group
 * @throws NodeAgentError unsupported when the pod forbids root and nothing says another user
 */
export async function containerUser(
  pod: Readonly<Pod>,
  container: Container,
  imageUser: string,
  imageRoot: string,
): Promise<{ user: number; group: number }> {
  const ofPod = pod.spec?.securityContext ?? {};
  const own = container.securityContext ?? {};
  const [userName = '', groupName = ''] = imageUser.split(':');
  const user = own.runAsUser ?? ofPod.runAsUser ?? (await numberOf(userName || '0', join(imageRoot, 'etc/passwd')));
  const group = own.runAsGroup ?? ofPod.runAsGroup ?? (await numberOf(groupName || '0', join(imageRoot, 'etc/group')));
  if ((own.runAsNonRoot ?? ofPod.runAsNonRoot) && user === 0) {
    throw new NodeAgentError('unsupported', 'container has runAsNonRoot and image will run as root');
  }
  return { user, group };
}

async function numberOf(name: string, table: string): Promise<number> {
  if (/^\d+$/.test(name)) return Number(name);
  const lines = (await readFile(table, 'utf8').catch(() => '')).split('\n').map((line) => line.split(':'));
  const found = lines.find(([each]) => each === name)?.[2];
  if (found === undefined) throw new NodeAgentError('image-invalid', `The image knows no ${name}, who is to run it.`);
  return Number(found);
}
