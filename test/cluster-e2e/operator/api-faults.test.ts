import { type OsvApp, resources } from '@osv/operator/kubernetes';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Cluster } from '../../cluster/cluster.ts';
import { waitUntil } from '../../cluster/processes/wait-until.ts';
import { longTest } from '../support/every-fault.ts';
import { expired, type Fault, type FaultProxy } from '../support/fault-proxy.ts';
import { isComplete, type OperatorUnderTest, untilApp } from '../support/operator.ts';
import { ProgramArchives } from '../support/program-archives.ts';
import { type ProxiedOperator, startProxiedOperator } from '../support/proxied-operator.ts';
import { newNamespace, sharedCluster } from '../support/shared-cluster.ts';
import { patchSpec, smallApp } from '../support/small-app.ts';
import { expectNoHotLoop, expectSound, untilNothingLeft } from '../support/soundness.ts';

let cluster: Cluster;
let namespace: string;
let archives: ProgramArchives;
let proxied: ProxiedOperator;
let proxy: FaultProxy;
let operator: OperatorUnderTest;
let pid: number | undefined;

beforeAll(async () => {
  cluster = await sharedCluster();
  namespace = await newNamespace(cluster);
  archives = await ProgramArchives.start();
  proxied = await startProxiedOperator(cluster, namespace, 'operator', ['--no-leader-election']);
  ({ operator, proxy } = proxied);
  pid = operator.process.pid;
  await cluster.client.create(resources.osvApps, smallApp(namespace, 'app', archives));
  await untilApp(cluster, namespace, 'app', 'the app runs', isComplete);
});

afterAll(async () => {
  await proxied?.stop();
  await archives?.stop();
});

let replicas = 1;

/** Asks for another number of instances, and waits until it is so: the operator has seen it, and has got it done. */
async function follows(): Promise<OsvApp> {
  replicas = replicas === 1 ? 2 : 1;
  await patchSpec(cluster, namespace, 'app', { replicas });
  const sentence = `the app has ${replicas} instances`;
  return untilApp(
    cluster,
    namespace,
    'app',
    sentence,
    (app) => isComplete(app) && app.status?.readyReplicas === replicas && app.status.replicas === replicas,
    120,
  );
}

async function expectWell(): Promise<void> {
  await expectSound(cluster, namespace, 'app');
  expect(operator.process.pid, 'the operator is the same process as before').toBe(pid);
}

test('watches that break are taken up again, and what happened meanwhile is seen', async () => {
  expect(proxy.cutWatches()).toBeGreaterThan(5);
  await follows();
  await expectWell();
});

test('a watch whose place is forgotten (410 Gone) begins anew with a list', async () => {
  const since = new Date();
  const withdraw = proxy.inject({ matches: /^GET .*\/osvapps\?.*watch=/, times: 2, answer: expired });
  proxy.cutWatches();
  await follows();
  withdraw();
  const lists = proxy.requests.filter(({ url, at }) => at >= since && /\/osvapps\?/.test(url) && !/watch=/.test(url));
  expect(lists.length).toBeGreaterThan(0);
  expect(lists.length).toBeLessThan(5);
  await expectWell();
});

const faults: Record<string, Omit<Fault, 'matches'>> = {
  'too many requests (429)': { times: 6, answer: { status: 429, headers: { 'retry-after': '1' } } },
  'errors of the server (500)': { times: 6, answer: { status: 500 } },
  'slow answers': { times: 6, delayMilliseconds: 3000 },
  'connections that break before the server hears': { times: 6, cut: 'before' },
  'connections that break after the server has done it': { times: 3, cut: 'after' },
};

const long = new Set(['errors of the server (500)', 'slow answers']);

for (const [sentence, fault] of Object.entries(faults)) {
  const play = long.has(sentence) ? longTest : test;
  play(`${sentence}: it tries again, not too often, and arrives`, async () => {
    const since = new Date();
    const withdraw = proxy.inject({ ...fault, matches: /^(PATCH|POST|PUT|DELETE) / });
    await follows();
    withdraw();
    expect(proxy.writesSince(since).length).toBeLessThan(60);
    await expectWell();
  });
}

test('an app appears and goes while every second answer is an error', async () => {
  let turn = 0;
  const withdraw = proxy.inject({
    matches: { test: (line) => !line.includes('watch=') && turn++ % 2 === 0 },
    answer: { status: 503, headers: { 'retry-after': '1' } },
  });
  await cluster.client.create(resources.osvApps, smallApp(namespace, 'hard', archives));
  await untilApp(cluster, namespace, 'hard', 'the app runs', isComplete);
  await expectSound(cluster, namespace, 'hard');
  await cluster.client.delete(resources.osvApps, { namespace, name: 'hard' });
  await untilNothingLeft(cluster, namespace, 'hard');
  withdraw();
});

for (const name of ['api-server', 'etcd']) {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const play = signal === 'SIGKILL' ? test : longTest;
    play(`${name} is restarted with ${signal} in the middle of a change`, async () => {
      await patchSpec(cluster, namespace, 'app', { env: [{ name: 'CHANGE', value: `${name}-${signal}` }] });
      await cluster.processes[name]?.restart(signal);
      await follows();
      await expectWell();
    });
  }
}

test('after all of it the operator is at rest', async () => {
  await waitUntil('its watches are open', async () => proxy.openWatches > 5, { secondsMax: 60 });
  await expectNoHotLoop(cluster, operator.user);
});
