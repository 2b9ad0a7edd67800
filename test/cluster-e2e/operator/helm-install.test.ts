import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { debianCodename } from '../../../image-builder/container/program-tree.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import { operatorValues } from '../../cluster/operator/install-operator.ts';
import { pushOperatorImages } from '../../cluster/operator/operator-images.ts';
import { chart, flags, helm } from '../support/helm.ts';
import { condition, untilApp } from '../support/operator.ts';
import { newNamespace, sharedCluster } from '../support/shared-cluster.ts';

const run = promisify(execFile);
const example = join(import.meta.dirname, '../../../examples/redis.yaml');
/** The images are made of the packages of a Debian release. */
const codename = await debianCodename().catch(() => undefined);
const onDebian = test.runIf(codename !== undefined);

let cluster: Cluster;
/** Of the operator, and of the apps that it serves. */
let system: string;
let served: string;

const inSystem = (...words: string[]) => cluster.kubectl(['-n', system, ...words]);
const inServed = (...words: string[]) => cluster.kubectl(['-n', served, ...words]);

beforeAll(async () => {
  cluster = await sharedCluster();
  [system, served] = await Promise.all([newNamespace(cluster), newNamespace(cluster)]);
  if (codename !== undefined) await pushOperatorImages(cluster, () => {});
});

afterAll(async () => {
  await helm(cluster, 'uninstall', 'osv', '-n', system, '--ignore-not-found');
});

onDebian('helm install runs the operator in the cluster', async () => {
  // A mirror of one's own, as somebody behind a firewall has it.
  const sources = `Types: deb\nURIs: http://deb.debian.org/debian\nSuites: ${codename}\nComponents: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n`;
  const values = {
    ...operatorValues(cluster),
    'operator.namespaces': `{${served}}`,
    // Its own, since an image that is in the registry already is not built again.
    'registry.repository': 'built-by-jobs',
    'builder.apt.sources': sources,
    'builder.environment.NO_PROXY': '127.0.0.1',
  };
  const release = ['install', 'osv', chart, '-n', system, '--take-ownership', '--force-conflicts'];
  await helm(cluster, ...release, ...flags(values), '--wait', '--timeout', '3m');
  const ready = await inSystem('get', 'deployment', 'osv-osv-operator', '-o', 'jsonpath={.status.readyReplicas}');
  expect(ready).toBe('2');
});

onDebian('kubectl apply: a Job builds Redis and pushes it, and it answers through its Service', async () => {
  await inServed('apply', '-f', example);
  await inServed('wait', '--for=condition=Available', 'osvapp/redis', '--timeout=400s');
  const address = await inServed('get', 'service', 'redis', '-o', 'jsonpath={.spec.clusterIP}');
  const { stdout } = await run('redis-cli', ['-h', address, 'set', 'key', 'value']);
  expect(stdout).toBe('OK\n');
  await untilApp(
    cluster,
    served,
    'redis',
    'metrics flow',
    (app) => condition(app, 'MetricsFlowing')?.status === 'True',
  );
  await inSystem('wait', '--for=condition=Complete', 'job', '-l', 'osvapp.dev/build', '--timeout=10s');
  expect(await inSystem('logs', '-l', 'osvapp.dev/build', '--tail=-1')).toContain('pushing to');
});

onDebian('what a build Job complains of is in the status', async () => {
  const spec = { source: { packages: { names: ['no-such-package'] } }, command: ['/x'] };
  const app = { apiVersion: 'osvapp.dev/v1alpha1', kind: 'OsvApp', metadata: { name: 'bad' }, spec };
  await cluster.kubectl(['-n', served, 'apply', '-f', '-'], { input: JSON.stringify(app) });
  const failed = await untilApp(cluster, served, 'bad', 'its build has failed', (one) => {
    const { reason } = condition(one, 'ImageReady') ?? {};
    return reason !== undefined && reason !== 'Building';
  });
  expect(condition(failed, 'ImageReady')?.message).toContain('There is no Debian package no-such-package');
});

onDebian('the other replica goes on when the leader is deleted', async () => {
  const holder = () => inSystem('get', 'lease', 'osv-operator', '-o', 'jsonpath={.spec.holderIdentity}');
  const before = await holder();
  const leader = before.replace(/-[0-9a-f]{8}$/, '');
  await inSystem('delete', 'pod', leader, '--timeout=60s');
  await inServed('scale', 'osvapp', 'redis', '--replicas=0');
  await untilApp(cluster, served, 'redis', 'it has no instance', ({ status }) => status?.replicas === 0);
  expect(await holder()).not.toBe(before);
  await inSystem('rollout', 'status', 'deployment/osv-osv-operator', '--timeout=120s');
});

onDebian('nothing runs on after helm uninstall', async () => {
  await inServed('delete', 'osvapp', '--all', '--timeout=120s');
  await helm(cluster, 'uninstall', 'osv', '-n', system, '--wait', '--timeout', '2m');
  await inSystem('wait', '--for=delete', 'pod', '-l', 'app.kubernetes.io/name=osv-operator', '--timeout=60s');
});
