import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram } from '@osv/local/tools.ts';
import { stringify } from 'yaml';
import { loopback } from '../control-plane/addresses.ts';
import type { ClusterContext } from '../control-plane/context.ts';
import { ClusterError } from '../error.ts';
import type { ManagedProcess } from '../processes/managed-process.ts';

/** HOST:PORT of the registry. */
export function registryHost({ ports }: Pick<ClusterContext, 'ports'>): string {
  return `${loopback}:${ports.port('registry')}`;
}

/**
 * Debian's docker-registry: plain HTTP on loopback, images in the cluster's folder, deletion allowed.
 *
 * @throws ClusterError `tool-missing`
 */
export async function registry(context: ClusterContext): Promise<ManagedProcess> {
  const program = await findProgram('docker-registry');
  if (program === undefined) {
    throw new ClusterError('tool-missing', 'docker-registry is not installed; apt-get install docker-registry');
  }
  const folder = join(context.folder, 'registry');
  await mkdir(folder);
  const configuration = join(context.folder, 'registry.yaml');
  const host = registryHost(context);
  await writeFile(configuration, registryConfiguration(folder, host));
  return context.manage({
    name: 'registry',
    program,
    args: ['serve', configuration],
    ready: async (signal) => (await fetch(`http://${host}/v2/`, { signal })).ok,
  });
}

/** https://distribution.github.io/distribution/about/configuration/ */
export function registryConfiguration(folder: string, host: string): string {
  return stringify({
    version: 0.1,
    log: { level: 'warn', accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: folder },
      delete: { enabled: true },
      maintenance: { uploadpurging: { enabled: false } },
    },
    http: { addr: host },
  });
}
