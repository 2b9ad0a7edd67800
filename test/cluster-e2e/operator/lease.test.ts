import { resources } from '@osv/operator/kubernetes';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Cluster } from '../../cluster/cluster.ts';
import { waitUntil } from '../../cluster/processes/wait-until.ts';
import { longTest } from '../support/every-fault.ts';
import { isComplete, untilApp } from '../support/operator.ts';
import { ProgramArchives } from '../support/program-archives.ts';
import { type ProxiedOperator, startProxiedOperator } from '../support/proxied-operator.ts';
import { newNamespace, sharedCluster } from '../support/shared-cluster.ts';
import { patchSpec, smallApp } from '../support/small-app.ts';
import { buildProcesses, expectSound, untilNothingLeft } from '../support/soundness.ts';

let cluster: Cluster;
let namespace: string;
let archives: ProgramArchives;
const replicas: ProxiedOperator[] = [];

async function start(name: string): Promise<ProxiedOperator> {
  const replica = await startProxiedOperator(cluster, namespace, name);
  replicas.push(replica);
  return replica;
}

const holder = async () =>
  (await cluster.client.get(resources.leases, { namespace, name: 'osv-operator' }))?.spec?.holderIdentity;

beforeAll(async () => {
  cluster = await sharedCluster();
  namespace = await newNamespace(cluster);
  archives = await ProgramArchives.start();
});

afterAll(async () => {
  for (const { operator, stop } of replicas) {
    await operator.process.signal('SIGCONT');
    await stop();
  }
  await archives?.stop();
});

test('a leader that stood still until another led ends itself and writes nothing', async () => {
  const first = await start('first');
  await waitUntil('the first one leads', async () => Boolean(await holder()), { secondsMax: 60 });
  const firstHolder = await holder();
  const second = await start('second');
  const begun = archives.leaveWaiting('slow', 1);
  await cluster.client.create(resources.osvApps, smallApp(namespace, 'app', archives));
  await untilApp(cluster, namespace, 'app', 'the app runs', isComplete);
  // It stops in the middle of things: a build of its own runs, and it has heard of a change and not acted yet.
  await cluster.client.create(resources.osvApps, smallApp(namespace, 'slow', archives));
  await begun;
  const { promise: acting, resolve: acts } = Promise.withResolvers<void>();
  first.proxy.inject({ matches: /^PATCH .*replicasets/, times: 1, cut: 'before', whenAsked: acts });
  await patchSpec(cluster, namespace, 'app', { replicas: 2 });
  await acting;
  await first.operator.process.signal('SIGSTOP');
  await waitUntil(
    'the second one leads',
    async () => {
      const now = await holder();
      return Boolean(now) && now !== firstHolder;
    },
    { secondsMax: 120 },
  );
  await untilApp(cluster, namespace, 'app', 'two are ready', (app) => app.status?.readyReplicas === 2);
  const woken = new Date();
  await first.operator.process.signal('SIGCONT');
  await waitUntil('the first one has ended', async () => first.operator.process.pid === undefined, { secondsMax: 60 });
  expect(first.proxy.writesSince(woken)).toEqual([]);
  await untilApp(cluster, namespace, 'slow', 'the other app runs', isComplete);
  expect(second.operator.process.pid).toBeDefined();
  expect(buildProcesses(cluster, namespace)).toEqual([]);
  await expectSound(cluster, namespace, 'app');
  await expectSound(cluster, namespace, 'slow');
});

longTest('its successor is replaced by another one at once when it ends in good order', async () => {
  const [, second] = replicas;
  const third = await start('third');
  const before = await holder();
  await second?.operator.process.stop('SIGTERM');
  await waitUntil(
    'the third one leads',
    async () => {
      const now = await holder();
      return Boolean(now) && now !== before;
    },
    // Well below the 15 seconds that a lease lasts would show less on a busy machine than who wrote what.
    { secondsMax: 60 },
  );
  await cluster.client.delete(resources.osvApps, { namespace, name: 'slow' });
  await untilNothingLeft(cluster, namespace, 'slow');
  expect(third.operator.process.pid).toBeDefined();
});
