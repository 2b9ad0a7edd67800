import { resources } from '@osv/operator/kubernetes';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Cluster } from '../../cluster/cluster.ts';
import { longTest } from '../support/every-fault.ts';
import { condition, isComplete, type OperatorUnderTest, startOperator, untilApp } from '../support/operator.ts';
import { ProgramArchives } from '../support/program-archives.ts';
import { newNamespace, sharedCluster } from '../support/shared-cluster.ts';
import { patchSpec, smallApp } from '../support/small-app.ts';
import { expectNoHotLoop, expectSound, repositoryOf, untilEvent, untilNothingLeft } from '../support/soundness.ts';

let cluster: Cluster;
let namespace: string;
let archives: ProgramArchives;
let operator: OperatorUnderTest;

const until = (name: string, sentence: string, holds: Parameters<typeof untilApp>[4]) =>
  untilApp(cluster, namespace, name, sentence, holds, 120);

beforeAll(async () => {
  cluster = await sharedCluster();
  namespace = await newNamespace(cluster);
  archives = await ProgramArchives.start();
  const flags = ['--no-leader-election', '--image-repository', repositoryOf(namespace)];
  operator = await startOperator(cluster, namespace, 'operator', flags);
});

afterAll(async () => {
  await cluster?.processes.registry?.start();
  await operator?.stop();
  await archives?.stop();
});

test('a build that cannot succeed says why, in the status and in an event, and rests', async () => {
  const app = smallApp(namespace, 'absent', archives, {
    source: { packages: { names: ['no-such-package-anywhere'] } },
  });
  await cluster.client.create(resources.osvApps, app);
  const failed = await until(
    'absent',
    'the build has failed',
    (one) => condition(one, 'ImageReady')?.reason === 'BuildFailed',
  );
  expect(condition(failed, 'ImageReady')).toMatchObject({
    status: 'False',
    message: expect.stringContaining('no-such-package-anywhere'),
  });
  await untilEvent(cluster, namespace, 'absent', /Warning +BuildFailed .*no-such-package-anywhere/);
  await expectNoHotLoop(cluster, operator.user);
});

longTest('another source in its place is built at once', async () => {
  const { source } = smallApp(namespace, 'absent', archives).spec;
  await patchSpec(cluster, namespace, 'absent', { source: { ...source, packages: null } });
  await until('absent', 'the app runs', isComplete);
  await expectSound(cluster, namespace, 'absent');
});

test('a download that fails is tried again, and heals', async () => {
  archives.behaviour = (path, answer) => {
    if (!path.endsWith('/late.tar.gz') || archives.downloads.get(path) !== 1) return undefined;
    answer.writeHead(503).end();
    return 'handled';
  };
  await cluster.client.create(resources.osvApps, smallApp(namespace, 'late', archives));
  const failed = await until(
    'late',
    'the build has failed',
    (one) => condition(one, 'ImageReady')?.reason === 'BuildRetrying',
  );
  expect(condition(failed, 'ImageReady')?.message).toMatch(/cannot be downloaded: the server answers 503/);
  await until('late', 'the app runs', isComplete);
  expect(archives.downloads.get(`/${namespace}/late.tar.gz`)).toBe(2);
  await expectSound(cluster, namespace, 'late');
});

test('while the registry is down builds say so, and succeed when it is back', async () => {
  const { registry } = cluster.processes;
  await registry?.stop('SIGKILL');
  await cluster.client.create(resources.osvApps, smallApp(namespace, 'unpushed', archives));
  const failed = await until(
    'unpushed',
    'the build has failed',
    (one) => condition(one, 'ImageReady')?.reason === 'BuildRetrying',
  );
  expect(condition(failed, 'ImageReady')?.message).toContain(cluster.registry.host);
  expect(condition(failed, 'Degraded')).toMatchObject({ status: 'True' });
  await registry?.start();
  await until('unpushed', 'the app runs', isComplete);
  await expectSound(cluster, namespace, 'unpushed');
});

test('an image record that somebody deletes comes back, and nothing is restarted', async () => {
  const before = await cluster.kubectl(['-n', namespace, 'get', 'vmi', '-o', 'name']);
  const selection = { namespace, labelSelector: 'osvapp.dev/image' };
  const records = await cluster.client.list(resources.configMaps, selection);
  for (const { metadata } of records.items) await cluster.client.delete(resources.configMaps, metadata);
  await until(
    'late',
    'its image is known again',
    (app) => condition(app, 'ImageReady')?.status === 'True' && isComplete(app),
  );
  const names = async () => (await cluster.client.list(resources.configMaps, selection)).items.length;
  await expect.poll(names, { timeout: 60_000 }).toBe(records.items.length);
  for (const name of ['late', 'unpushed']) await until(name, 'the app runs', isComplete);
  expect(await cluster.kubectl(['-n', namespace, 'get', 'vmi', '-o', 'name'])).toBe(before);
});

longTest('apps go while the registry is down', async () => {
  await cluster.processes.registry?.stop('SIGKILL');
  for (const name of ['late', 'absent', 'unpushed'])
    await cluster.client.delete(resources.osvApps, { namespace, name });
  for (const name of ['late', 'absent', 'unpushed']) await untilNothingLeft(cluster, namespace, name);
  await cluster.processes.registry?.start();
});
