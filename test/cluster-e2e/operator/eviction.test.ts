import { resources } from '@osv/operator/kubernetes';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Cluster } from '../../cluster/cluster.ts';
import { waitUntil } from '../../cluster/processes/wait-until.ts';
import { isComplete, type OperatorUnderTest, startOperator, untilApp } from '../support/operator.ts';
import { ProgramArchives } from '../support/program-archives.ts';
import { newNamespace, sharedCluster } from '../support/shared-cluster.ts';
import { smallApp } from '../support/small-app.ts';

let cluster: Cluster;
let namespace: string;
let operator: OperatorUnderTest;
let archives: ProgramArchives;

beforeAll(async () => {
  cluster = await sharedCluster();
  namespace = await newNamespace(cluster);
  archives = await ProgramArchives.start();
  operator = await startOperator(cluster, namespace, 'operator', ['--no-leader-election']);
  await cluster.client.create(resources.osvApps, smallApp(namespace, 'web', archives, { replicas: 2 }));
  await untilApp(cluster, namespace, 'web', 'two instances run', isComplete);
});

afterAll(async () => {
  await operator?.stop();
  await archives?.stop();
});

async function pods() {
  const { items } = await cluster.client.list(resources.pods, { namespace, labelSelector: 'osvapp.dev/app=web' });
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(({ metadata }) => metadata.name);
}

/** What `kubectl drain` asks for; policy/v1 Eviction. */
function evict(name: string): Promise<string> {
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } };
  const path = `/api/v1/namespaces/${namespace}/pods/${name}/eviction`;
  return cluster.kubectl(['create', '--raw', path, '-f', '-'], { input: JSON.stringify(eviction) });
}

test('a drain takes one instance at a time, and each is replaced', async () => {
  const [first = '', second = ''] = await pods();
  const budget = async () => {
    const present = await cluster.client.get(resources.podDisruptionBudgets, { namespace, name: 'web' });
    return present?.status?.disruptionsAllowed === 1;
  };
  await waitUntil('the disruption budget allows one', budget, { secondsMax: 120 });
  await evict(first);
  await expect(evict(second)).rejects.toThrow(/disruption budget/);
  await waitUntil(
    'the evicted one is replaced',
    async () => {
      const names = await pods();
      return names.length === 2 && !names.includes(first) && names.includes(second);
    },
    { secondsMax: 180 },
  );
  const app = await untilApp(cluster, namespace, 'web', 'two are ready again', isComplete);
  expect(app.status?.conditions?.find(({ type }) => type === 'Degraded')?.status).toBe('False');
});
