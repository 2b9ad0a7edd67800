import { beforeAll, expect, test } from 'vitest';
import type { Cluster } from '../cluster/cluster.ts';
import { newNamespace, sharedCluster } from './support/shared-cluster.ts';

let cluster: Cluster;
let namespace: string;

beforeAll(async () => {
  cluster = await sharedCluster();
  namespace = await newNamespace(cluster);
});

for (const name of ['etcd', 'api-server', 'controller-manager', 'scheduler', 'registry']) {
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    test(`${name} comes back after ${signal}, with its data and on its port`, async () => {
      const process = cluster.processes[name];
      if (!process) throw new Error(`no process ${name}`);
      const letter = `${name}-${signal.toLowerCase()}`;
      await cluster.kubectl(['-n', namespace, 'create', 'configmap', letter]);
      const before = process.pid;
      await process.restart(signal);
      expect(process.pid).not.toBe(before);
      await cluster.kubectl(['-n', namespace, 'delete', 'configmap', letter]);
    });
  }
}

test('while the API server is away nobody answers, and the rest waits for it', async () => {
  const { 'api-server': apiServer, 'controller-manager': controllers, scheduler } = cluster.processes;
  await apiServer?.stop('SIGKILL');
  expect(apiServer?.pid).toBeUndefined();
  await expect(cluster.kubectl(['get', 'namespaces'])).rejects.toThrow(/refused/);
  const others = [controllers?.pid, scheduler?.pid];
  await apiServer?.start();
  await cluster.kubectl(['-n', namespace, 'create', 'deployment', 'web', '--image=none', '--replicas=1']);
  await cluster.kubectl(['-n', namespace, 'wait', '--for=create', 'pod', '-l', 'app=web', '--timeout=120s']);
  expect([controllers?.pid, scheduler?.pid]).toEqual(others);
});
