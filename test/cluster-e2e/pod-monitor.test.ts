import { beforeAll, expect, test } from 'vitest';
import { podMonitor } from '../../operator/osv-app/objects/pod-monitor.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { installMonitoringDefinitions } from '../cluster/monitoring/definitions.ts';
import { newNamespace, sharedCluster } from './support/shared-cluster.ts';

let cluster: Cluster;
let namespace: string;

beforeAll(async () => {
  cluster = await sharedCluster();
  namespace = await newNamespace(cluster);
  await installMonitoringDefinitions(cluster);
});

test('the PodMonitor of an app has no field that the Prometheus operator does not know', async () => {
  const owner = { namespace, name: 'redis', uid: '00000000-0000-4000-8000-000000000000' };
  const monitor = podMonitor(owner, { source: {}, metrics: { interval: '15s' } });
  const create = ['create', '--dry-run=server', '--validate=strict', '-f', '-'];
  expect(await cluster.kubectl(create, { input: JSON.stringify(monitor) })).toContain('podmonitor');
  const odd = { ...monitor, spec: { ...monitor.spec, podMetricsEndpoint: [] } };
  await expect(cluster.kubectl(create, { input: JSON.stringify(odd) })).rejects.toThrow(/podMetricsEndpoint/);
});
