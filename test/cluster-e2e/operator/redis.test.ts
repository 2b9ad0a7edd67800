import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { resources } from '@osv/operator/kubernetes';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Cluster } from '../../cluster/cluster.ts';
import { installMonitoringDefinitions } from '../../cluster/monitoring/definitions.ts';
import { waitUntil } from '../../cluster/processes/wait-until.ts';
import { requestsOf } from '../support/audit.ts';
import { condition, isComplete, type OperatorUnderTest, startOperator, untilApp } from '../support/operator.ts';
import { probeRedis } from '../support/redis-probe.ts';
import { newNamespace, sharedCluster } from '../support/shared-cluster.ts';

const run = promisify(execFile);
const example = join(import.meta.dirname, '../../../examples/redis.yaml');

let cluster: Cluster;
let namespace: string;
let operator: OperatorUnderTest;
let address: string;

const kubectl = (...words: string[]) => cluster.kubectl(['-n', namespace, ...words]);
const redis = (sentence: string, holds: Parameters<typeof untilApp>[4]) =>
  untilApp(cluster, namespace, 'redis', sentence, holds);

beforeAll(async () => {
  cluster = await sharedCluster();
  namespace = await newNamespace(cluster);
  await installMonitoringDefinitions(cluster);
  // Longer than a busy machine stands still: nobody here starts an operator again that ended without its lease.
  operator = await startOperator(cluster, namespace, 'operator', ['--lease-seconds', '60']);
});

afterAll(() => operator?.stop());

test('kubectl apply: Redis is built, launched, and answers through its Service', async () => {
  await kubectl('apply', '-f', example);
  await kubectl('wait', '--for=condition=Available', 'osvapp/redis', '--timeout=400s');
  address = await kubectl('get', 'service', 'redis', '-o', 'jsonpath={.spec.clusterIP}');
  const { stdout } = await run('redis-cli', ['-h', address, 'set', 'key', 'value']);
  expect(stdout).toBe('OK\n');
});

test('the status says what runs, and how long its boot took', async () => {
  const app = await redis('metrics flow', (one) => condition(one, 'MetricsFlowing')?.status === 'True');
  expect(app.status).toMatchObject({ replicas: 1, readyReplicas: 1, updatedReplicas: 1 });
  expect(app.status?.image?.reference).toMatch(/@sha256:[0-9a-f]{64}$/);
  expect(app.status?.instances).toMatchObject([{ phase: 'Running', node: 'node-1' }]);
  expect(app.status?.instances?.[0]?.bootMilliseconds).toBeGreaterThan(0);
  const types = app.status?.conditions?.map(({ type, status }) => `${type}=${status}`).sort();
  expect(types).toEqual([
    'Available=True',
    'Compatible=True',
    'Degraded=False',
    'ImageReady=True',
    'MetricsFlowing=True',
    'Progressing=True',
  ]);
});

test('Prometheus scrapes the guest', async () => {
  const { prometheus, proxy } = cluster;
  if (!prometheus || !proxy) throw new Error('the shared cluster has no Prometheus or no proxy');
  const app = await cluster.client.get(resources.osvApps, { namespace, name: 'redis' });
  const target = `${app?.status?.instances?.[0]?.address}:9180`;
  await prometheus.configure({
    global: { scrape_interval: '1s' },
    scrape_configs: [{ job_name: namespace, proxy_url: proxy, static_configs: [{ targets: [target] }] }],
  });
  const query = encodeURIComponent(`osv_boot_seconds{job="${namespace}"}`);
  await waitUntil(
    'Prometheus has the boot time',
    async () => {
      const answer = await fetch(`${prometheus.url}/api/v1/query?query=${query}`);
      return ((await answer.json()) as { data: { result: unknown[] } }).data.result.length === 1;
    },
    { secondsMax: 60 },
  );
});

test('kubectl scale is followed, up and down', async () => {
  await kubectl('scale', 'osvapp', 'redis', '--replicas=3');
  await redis('three instances are ready', (app) => app.status?.readyReplicas === 3 && isComplete(app));
  await kubectl('scale', 'osvapp', 'redis', '--replicas=2');
  await redis('two instances are left', (app) => app.status?.replicas === 2 && isComplete(app));
});

test('a new revision takes the place of the old one without a failed request', async () => {
  const stop = new AbortController();
  const probing = probeRedis(address, 6379, stop.signal);
  const patch = { spec: { strategy: { maxSurge: 1, maxUnavailable: 0 }, env: [{ name: 'REVISION', value: '2' }] } };
  await kubectl('patch', 'osvapp', 'redis', '--type=merge', '-p', JSON.stringify(patch));
  const app = await redis('the new revision runs', isComplete).finally(() => stop.abort());
  const { answered, failures } = await probing;
  expect(failures).toEqual({});
  expect(answered).toBeGreaterThan(100);
  expect(app.status).toMatchObject({ replicas: 2, readyReplicas: 2, updatedReplicas: 2 });
});

test('osv rollout shows the revisions and goes back to the first', async () => {
  const osv = async (...words: string[]) => {
    const main = join(import.meta.dirname, '../../../cli/main.ts');
    const flags = ['--kubeconfig', cluster.kubeconfig, '-n', namespace];
    return (await run(process.execPath, [main, ...words, ...flags])).stdout;
  };
  const history = async () => JSON.parse(await osv('rollout', 'history', 'redis', '-o', 'json')) as object[];
  expect(await history()).toHaveLength(2);
  await osv('rollout', 'undo', 'redis');
  await osv('rollout', 'status', 'redis', '--timeout', '300s');
  const app = await redis('the first revision runs again', isComplete);
  expect(app.spec.env).toBeUndefined();
  expect(app.status).toMatchObject({ replicas: 2, readyReplicas: 2, updatedReplicas: 2 });
  // The revision that was gone back to is the newest now; no third one was made.
  expect(await history()).toHaveLength(2);
});

test('a set that shrinks loses the instances that never came up', async () => {
  const stuck = {
    apiVersion: 'osvapp.dev/v1alpha1',
    kind: 'OsvApp',
    metadata: { name: 'stuck' },
    spec: {
      ...(await cluster.client.get(resources.osvApps, { namespace, name: 'redis' }))?.spec,
      resources: { memory: '96Mi' },
      readinessProbe: { tcpSocket: { port: 1 } },
      replicas: 2,
    },
  };
  await cluster.kubectl(['-n', namespace, 'apply', '-f', '-'], { input: JSON.stringify(stuck) });
  const app = (sentence: string, holds: (running: number) => boolean) =>
    untilApp(cluster, namespace, 'stuck', sentence, ({ status }) => holds(status?.replicas ?? 0));
  await app('two instances are there', (running) => running === 2);
  await kubectl('scale', 'osvapp', 'stuck', '--replicas=1');
  await app('one is left', (running) => running === 1);
  const paused = () => kubectl('get', 'vmirs', '-l', 'osvapp.dev/app=stuck', '-o', 'jsonpath={.items[*].spec.paused}');
  await waitUntil('the set goes on', async () => (await paused()) === 'false', { secondsMax: 60 });
  await kubectl('delete', 'osvapp', 'stuck', '--timeout=120s');
});

test('what an app does not want any more goes', async () => {
  await kubectl('get', 'service,pdb,networkpolicy,podmonitor', 'redis');
  // Held, so that the instances stay as they are while Service and budget go.
  const patch = { spec: { paused: true, replicas: 1, ports: null } };
  await kubectl('patch', 'osvapp', 'redis', '--type=merge', '-p', JSON.stringify(patch));
  const left = () => kubectl('get', 'service,pdb', 'redis', '--ignore-not-found', '-o', 'name');
  await waitUntil('Service and budget are gone', async () => (await left()) === '', { secondsMax: 60 });
  const back = { spec: { paused: false, replicas: 2, ports: [{ name: 'redis', port: 6379 }] } };
  await kubectl('patch', 'osvapp', 'redis', '--type=merge', '-p', JSON.stringify(back));
  await redis('it is as before', (app) => isComplete(app) && app.status?.readyReplicas === 2);
});

test('a Service of somebody else with the name of an app stays as it is', async () => {
  await kubectl('create', 'service', 'clusterip', 'taken', '--tcp=80');
  const app = {
    apiVersion: 'osvapp.dev/v1alpha1',
    kind: 'OsvApp',
    metadata: { name: 'taken' },
    spec: { source: { packages: { names: ['redis-server'] } }, ports: [{ port: 6379 }], replicas: 0 },
  };
  await cluster.kubectl(['-n', namespace, 'apply', '-f', '-'], { input: JSON.stringify(app) });
  const degraded = await untilApp(
    cluster,
    namespace,
    'taken',
    'it says why',
    (one) => condition(one, 'Degraded')?.status === 'True',
  );
  expect(condition(degraded, 'Degraded')).toMatchObject({
    reason: 'ActionFailed',
    message: 'The Service taken belongs to somebody else; delete it, or give the app another name.',
  });
  expect(await kubectl('get', 'service', 'taken', '-o', 'jsonpath={.spec.selector}')).toBe('{"app":"taken"}');
  await kubectl('delete', 'osvapp', 'taken', '--timeout=60s');
  await kubectl('get', 'service', 'taken');
});

test('a history of no revisions is kept when none is wanted', async () => {
  await kubectl('patch', 'osvapp', 'redis', '--type=merge', '-p', '{"spec":{"revisionHistoryLimit":0}}');
  await waitUntil(
    'one revision is left, and its configuration',
    async () => (await kubectl('get', 'vmirs,secrets', '-o', 'name')).split('\n').filter(Boolean).length === 3,
    { secondsMax: 60 },
  );
});

test('an app at rest causes no request but those of watches', async () => {
  await redis('it rests: what left is gone, and what runs has answered', (app) => {
    const instances = app.status?.instances ?? [];
    return isComplete(app) && instances.length === 2 && instances.every(({ bootMilliseconds }) => bootMilliseconds);
  });
  const since = new Date();
  // Its lease is renewed every eight seconds: two renewals are sixteen seconds in which it could have asked for more.
  const requests = async () => requestsOf(cluster, operator.user, since);
  const renewals = async () => (await requests()).filter(({ objectRef }) => objectRef?.resource === 'leases');
  await waitUntil('the lease was renewed', async () => (await renewals()).length >= 4, { secondsMax: 120 });
  const others = (await requests()).filter(
    ({ verb, objectRef }) => verb !== 'watch' && objectRef?.resource !== 'leases' && objectRef?.resource !== 'events',
  );
  expect(others).toEqual([]);
});

test('nothing the operator asked was refused', async () => {
  const denied = (await requestsOf(cluster, operator.user, new Date(0))).filter(
    ({ responseStatus }) => responseStatus?.code === 403,
  );
  expect(denied).toEqual([]);
});

test('a deleted app takes everything with it', async () => {
  await kubectl('delete', 'osvapp', 'redis', '--timeout=120s');
  const kinds = 'vmirs,vmi,pods,services,secrets,networkpolicies,poddisruptionbudgets';
  await waitUntil(
    'nothing of the app is left',
    async () => {
      const left = await kubectl('get', kinds, '-l', 'osvapp.dev/app=redis', '-o', 'name');
      return left === '';
    },
    { secondsMax: 120 },
  );
});
