import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Cluster } from '../cluster.ts';
import { imageTag, operatorRepository, pushOperatorImages } from './operator-images.ts';

const chart = 'charts/osv-operator';
const release = ['osv', chart, '-n', 'osv-system', '--create-namespace'];

/**
 * The chart's values on a cluster of ours: its registry, and the proxy by which pods reach the addresses of guests.
 * Registry and proxy have one address for everybody, in pods too.
 */
export function operatorValues(cluster: Pick<Cluster, 'registry' | 'proxy'>): Record<string, string> {
  const repository = operatorRepository(cluster);
  return {
    'registry.host': cluster.registry.host,
    'registry.insecure': 'true',
    'operator.image.repository': `${repository}/osv-operator`,
    'operator.image.tag': imageTag,
    'builder.image.repository': `${repository}/osv-builder`,
    'builder.image.tag': imageTag,
    ...(cluster.proxy && { 'operator.guestProxy': cluster.proxy }),
  };
}

/** The command lines by which somebody installs the operator of this checkout by hand. */
export function operatorCommands(cluster: Cluster): string[] {
  const values = Object.entries(operatorValues(cluster)).map(([name, value]) => `--set ${name}=${value}`);
  return [
    `npm run images -- --push ${operatorRepository(cluster)} --tag ${imageTag} --insecure`,
    [`${cluster.tools.helm} install`, ...release, ...values].join(' '),
  ];
}

/** Does what those command lines say, and waits until the operator is ready. */
export async function installOperator(cluster: Cluster, progress: (line: string) => void): Promise<void> {
  await pushOperatorImages(cluster, progress);
  progress('installing the operator by its chart');
  const values = Object.entries(operatorValues(cluster)).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  await promisify(execFile)(cluster.tools.helm, ['install', ...release, ...values, '--wait', '--timeout', '5m'], {
    cwd: join(import.meta.dirname, '../../..'),
    // Its caches and settings are the cluster's.
    env: { ...process.env, KUBECONFIG: cluster.kubeconfig, HOME: cluster.folder },
  });
  progress('the operator runs');
}
