import { randomBytes } from 'node:crypto';
import { resources } from '@osv/operator/kubernetes';
import { inject } from 'vitest';
import type { Cluster } from '../../cluster/cluster.ts';
import { waitUntil } from '../../cluster/processes/wait-until.ts';
import { connectToCluster } from '../../cluster/remote/connect.ts';

/** The cluster that all files of this run share. */
export function sharedCluster(): Promise<Cluster> {
  return connectToCluster(inject('clusterFolder'));
}

/** Makes a namespace of its own for a test and returns its name. */
export async function newNamespace(cluster: Cluster): Promise<string> {
  const name = `test-${randomBytes(4).toString('hex')}`;
  await cluster.kubectl(['create', 'namespace', name]);
  const account = { namespace: name, name: 'default' };
  const isThere = async () => (await cluster.client.get(resources.serviceAccounts, account)) !== undefined;
  await waitUntil(`namespace ${name} has its ServiceAccount`, isThere, { secondsMax: 300 });
  return name;
}
