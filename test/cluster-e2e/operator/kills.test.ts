import { resources } from '@osv/operator/kubernetes';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Cluster } from '../../cluster/cluster.ts';
import { waitUntil } from '../../cluster/processes/wait-until.ts';
import { longTest } from '../support/every-fault.ts';
import type { FaultProxy } from '../support/fault-proxy.ts';
import { condition, isComplete, type OperatorUnderTest, untilApp } from '../support/operator.ts';
import { ProgramArchives } from '../support/program-archives.ts';
import { type ProxiedOperator, startProxiedOperator } from '../support/proxied-operator.ts';
import { newNamespace, sharedCluster } from '../support/shared-cluster.ts';
import { patchSpec, smallApp } from '../support/small-app.ts';
import { buildProcesses, expectNoHotLoop, expectSound, untilNothingLeft } from '../support/soundness.ts';

/** Requests of the operator after whose effect it dies, in the order of an app's life; the API server has carried each out. */
const momentsOfBuild: Record<string, RegExp> = {
  'the finalizer is written': /^PATCH .*\/osvapps\/app\?/,
  'the image record is written': /^PATCH .*\/configmaps\/osv-image-/,
  'the management token is made': /^POST .*\/secrets\?/,
  'the boot Secret is written': /^PATCH .*\/secrets\/app-.*-boot/,
  'the replica set is created': /^PATCH .*\/virtualmachineinstancereplicasets\/app-/,
  'the status is written': /^PATCH .*\/osvapps\/app\/status/,
};

const momentsOfRollout: Record<string, RegExp> = {
  'the new replica set is created, with the surge': /^PATCH .*\/virtualmachineinstancereplicasets\/app-/,
  'a replica set is scaled': /^PATCH .*\/virtualmachineinstancereplicasets\/app-/,
  'a replica set is scaled again': /^PATCH .*\/virtualmachineinstancereplicasets\/app-/,
};

let cluster: Cluster;
let namespace: string;
let archives: ProgramArchives;
let proxied: ProxiedOperator;
let proxy: FaultProxy;
let operator: OperatorUnderTest;

beforeAll(async () => {
  cluster = await sharedCluster();
  namespace = await newNamespace(cluster);
  archives = await ProgramArchives.start();
  // Without an election a new process goes on at once; what a lease does is the matter of another file.
  proxied = await startProxiedOperator(cluster, namespace, 'operator', ['--no-leader-election']);
  ({ operator, proxy } = proxied);
});

afterAll(async () => {
  await proxied?.stop();
  await archives?.stop();
});

/**
 * Kills the operator after each of these requests, one after the other, and starts it again. The next kill is armed
 * before the next process starts, so that no moment passes unseen.
 */
async function killedAtEach(moments: Record<string, RegExp>, begin: () => Promise<unknown>): Promise<void> {
  let next = begin;
  for (const [sentence, matches] of Object.entries(moments)) {
    const killed = killWhen({ matches, cut: 'after' });
    await next();
    await within(killed, `killed when ${sentence}`);
    next = () => operator.process.start();
  }
  await next();
}

/** Resolves when the operator has been killed at this request. */
function killWhen({ matches, cut }: { matches: RegExp; cut: 'before' | 'after' }): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const kill = () => operator.process.stop('SIGKILL').then(resolve);
  proxy.inject({ matches, times: 1, cut, ...(cut === 'after' ? { whenDone: kill } : { whenAsked: kill }) });
  return promise;
}

/** Fails with the sentence instead of waiting for as long as the test may last. */
function within<T>(promise: Promise<T>, sentence: string): Promise<T> {
  const late = AbortSignal.timeout(90_000);
  const failure = new Promise<never>((_, reject) => {
    late.addEventListener('abort', () => reject(new Error(`not within 90 s: ${sentence}`)));
  });
  return Promise.race([promise, failure]);
}

const rests = () => untilApp(cluster, namespace, 'app', 'the app runs as wanted', isComplete);

test('killed at every stage of a build, it goes on where it was and builds nothing twice', async () => {
  await killedAtEach(momentsOfBuild, () =>
    cluster.client.create(resources.osvApps, smallApp(namespace, 'app', archives)),
  );
  await rests();
  await expectSound(cluster, namespace, 'app');
  const records = await cluster.client.list(resources.configMaps, { namespace, labelSelector: 'osvapp.dev/image' });
  expect(records.items).toHaveLength(1);
  const recorded = proxy.requests.filter(({ method, url }) => method === 'PATCH' && url.includes('/osv-image-'));
  expect(recorded).toHaveLength(1);
  await expectNoHotLoop(cluster, operator.user);
});

test('killed at every stage of a rollout, it finishes it', async () => {
  await patchSpec(cluster, namespace, 'app', { replicas: 2, strategy: { maxSurge: 1, maxUnavailable: 0 } });
  await untilApp(cluster, namespace, 'app', 'two are ready', (app) => app.status?.readyReplicas === 2);
  const change = { env: [{ name: 'REVISION', value: '2' }] };
  await killedAtEach(momentsOfRollout, () => patchSpec(cluster, namespace, 'app', change));
  const app = await rests();
  expect(app.status).toMatchObject({ replicas: 2, readyReplicas: 2, updatedReplicas: 2 });
  await expectSound(cluster, namespace, 'app');
});

test('killed while a build runs, it leaves no build behind, and the next process builds', async () => {
  const begun = archives.leaveWaiting('slow', 1);
  await cluster.client.create(resources.osvApps, smallApp(namespace, 'slow', archives));
  await within(begun, 'the archive is asked for');
  expect(buildProcesses(cluster, namespace)).toHaveLength(1);
  await operator.process.stop('SIGKILL');
  await waitUntil('the build has ended', async () => buildProcesses(cluster, namespace).length === 0, {
    secondsMax: 30,
  });
  await operator.process.start();
  await untilApp(cluster, namespace, 'slow', 'the app runs', isComplete);
  await expectSound(cluster, namespace, 'slow');
});

test('an app that is deleted in the middle of its build takes the build with it', async () => {
  const begun = archives.leaveWaiting('short');
  await cluster.client.create(resources.osvApps, smallApp(namespace, 'short', archives));
  await within(begun, 'the archive is asked for');
  await cluster.client.delete(resources.osvApps, { namespace, name: 'short' });
  await untilNothingLeft(cluster, namespace, 'short');
});

for (const [sentence, cut] of [
  ['before the finalizer is taken off', 'before'],
  ['after the finalizer is taken off', 'after'],
] as const) {
  test(`killed ${sentence}, an app goes all the same`, async () => {
    const name = cut === 'before' ? 'slow' : 'app';
    const killed = killWhen({ matches: new RegExp(`^PATCH .*/osvapps/${name}\\?`), cut });
    await cluster.client.delete(resources.osvApps, { namespace, name });
    await within(killed, `killed ${sentence}`);
    await operator.process.start();
    await untilNothingLeft(cluster, namespace, name);
  });
}

longTest('a finished app has all its conditions again after all of it', async () => {
  archives.behaviour = () => undefined;
  await cluster.client.create(resources.osvApps, smallApp(namespace, 'last', archives));
  const app = await untilApp(cluster, namespace, 'last', 'the app runs', isComplete);
  expect(condition(app, 'Degraded')).toMatchObject({ status: 'False' });
});
