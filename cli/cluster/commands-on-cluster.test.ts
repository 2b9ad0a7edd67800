import { createApiClient, type OsvApp, resources } from '@osv/operator/kubernetes';
import { revisionName } from '@osv/operator/osv-app/revision.ts';
import { TestApiServer } from '@osv/operator/testing/api-server/api-server.ts';
import { waitFor } from '@osv/operator/testing/wait-for.ts';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { clusterApp, revisionSet } from '../testing/cluster-app.ts';
import { getApp } from './app.ts';
import type { ClusterConnection } from './connect.ts';
import { listRevisions } from './revisions.ts';
import { setPaused } from './rollout/pause.ts';
import { restart } from './rollout/restart.ts';
import { rolloutStatus } from './rollout/status.ts';
import { undo } from './rollout/undo.ts';

let server: TestApiServer;
let connection: ClusterConnection;
const { osvApps, virtualMachineInstanceReplicaSets } = resources;
const undoOptions = { toRevision: 0, programName: 'osv' };

beforeEach(async () => {
  server = await TestApiServer.start();
  onTestFinished(() => server.stop());
  const { kubeconfig } = server;
  const client = createApiClient({ kubeconfig, fieldManager: 'test', userAgent: 'test/1', random: () => 0 });
  onTestFinished(() => client.close());
  connection = { client, namespace: 'shop' };
});

function create(app: OsvApp = clusterApp()): OsvApp {
  return server.create(osvApps, app);
}

async function change(app: OsvApp, patch: object): Promise<OsvApp> {
  return connection.client.mergePatch(osvApps, app.metadata, patch);
}

test('an app that is not there is named with what is meant', async () => {
  create();
  await expect(getApp(connection, 'reddis')).rejects.toThrow(
    'There is no app reddis in the namespace shop. Did you mean redis?',
  );
  await expect(getApp({ ...connection, namespace: 'other' }, 'redis')).rejects.toMatchObject({ code: 'app-not-found' });
});

test('a cluster without the operator is told from one without the app', async () => {
  server.faults.add({ kind: 'status', status: 404 }, () => true, 2);
  await expect(getApp(connection, 'redis')).rejects.toMatchObject({ code: 'no-operator' });
});

test('undo writes the old fields back, takes the new ones away and leaves the rest alone', async () => {
  const args = ['--old'];
  const old = create(clusterApp({}, { args, kernel: { tracepoints: ['sched_switch'], arguments: ['quiet'] } }));
  server.create(virtualMachineInstanceReplicaSets, revisionSet(old, 1));
  const now = await change(old, {
    spec: { replicas: 5, args: null, command: ['/bin/new'], kernel: { arguments: null } },
  });
  server.create(virtualMachineInstanceReplicaSets, revisionSet(now, 2));
  expect(await undo(connection, 'redis', { ...undoOptions, dryRun: true })).toBe(
    'osvapp.osvapp.dev/redis would be rolled back to revision 1: args, command, kernel (dry run)',
  );
  expect((await getApp(connection, 'redis')).spec).toEqual(now.spec);
  expect(await undo(connection, 'redis', undoOptions)).toBe('osvapp.osvapp.dev/redis rolled back to revision 1');
  expect((await getApp(connection, 'redis')).spec).toEqual({ ...old.spec, replicas: 5 });
  // And back again, as `kubectl rollout undo` goes to and fro.
  expect(await undo(connection, 'redis', undoOptions)).toBe('osvapp.osvapp.dev/redis rolled back to revision 2');
  expect((await getApp(connection, 'redis')).spec).toEqual(now.spec);
});

test('undo does not mix old fields with what somebody changes meanwhile', async () => {
  const app = create(clusterApp({}, { args: ['--old'] }));
  server.create(virtualMachineInstanceReplicaSets, revisionSet(app, 1));
  const now = await change(app, { spec: { args: ['--new'] } });
  server.faults.add({ kind: 'status', status: 409 }, ({ method }) => method === 'PATCH');
  await undo(connection, 'redis', undoOptions);
  expect(server.count('GET', '/redis')).toBe(2);
  const patches = server.requests.filter(({ method }) => method === 'PATCH').map(({ body }) => JSON.parse(body));
  expect(patches.at(-1).metadata).toEqual({ resourceVersion: now.metadata.resourceVersion, uid: now.metadata.uid });
});

test('undo is refused while the app is paused', async () => {
  create(clusterApp({}, { paused: true }));
  await expect(undo(connection, 'redis', undoOptions)).rejects.toThrow(
    'redis is paused, and a paused app does not roll back: osv rollout resume redis lets it, then undo again.',
  );
});

test('undo to the present revision changes nothing, and to a twin of it is refused', async () => {
  const app = create();
  server.create(virtualMachineInstanceReplicaSets, revisionSet(app, 1));
  server.create(virtualMachineInstanceReplicaSets, revisionSet(app, 2));
  expect(await undo(connection, 'redis', { ...undoOptions, toRevision: 2 })).toContain('skipped rollback');
  await expect(undo(connection, 'redis', undoOptions)).rejects.toThrow('Revision 1 of redis has the same spec as now.');
  expect(server.count('PATCH')).toBe(0);
});

test('sets of another owner are no revisions, whatever their labels', async () => {
  const app = create();
  server.create(virtualMachineInstanceReplicaSets, revisionSet(app, 1));
  const stranger = { ...app, metadata: { ...app.metadata, uid: 'another' } };
  server.create(virtualMachineInstanceReplicaSets, revisionSet(stranger, 2));
  expect((await listRevisions(connection, app)).map(({ number }) => number)).toEqual([1]);
});

test('pause and resume, each once', async () => {
  create();
  expect(await setPaused(connection, 'redis', true)).toBe('osvapp.osvapp.dev/redis paused');
  await expect(setPaused(connection, 'redis', true)).rejects.toThrow('redis is paused already.');
  expect(await setPaused(connection, 'redis', false)).toBe('osvapp.osvapp.dev/redis resumed');
  expect((await getApp(connection, 'redis')).spec).not.toHaveProperty('paused');
  await expect(setPaused(connection, 'redis', false)).rejects.toThrow('redis is not paused.');
});

test('restart makes another revision of the same, and not while paused', async () => {
  const app = create();
  const options = { now: new Date('2026-01-02T03:04:05.678Z'), programName: 'osv' };
  expect(await restart(connection, 'redis', options)).toBe('osvapp.osvapp.dev/redis restarted');
  const { spec } = await getApp(connection, 'redis');
  expect(spec).toEqual({ ...app.spec, restartedAt: '2026-01-02T03:04:05Z' });
  expect(revisionName(spec, 'image', '')).not.toBe(revisionName(app.spec, 'image', ''));
  await setPaused(connection, 'redis', true);
  await expect(restart(connection, 'redis', options)).rejects.toThrow('osv rollout resume redis');
});

function startStatus(options: { timeoutSeconds?: number } = {}) {
  const said: string[] = [];
  const ended = rolloutStatus(connection, 'redis', {
    watch: true,
    timeoutSeconds: 0,
    onProgress: (message) => said.push(message),
    ...options,
  });
  ended.catch(() => {});
  return { said, ended };
}

const rolling = (message: string) => clusterApp({ Progressing: ['True', 'RollingOut', message] });

test('status says what goes on until the rollout has come to its end, over a lost connection', async () => {
  const app = create(rolling('0 of 2.'));
  const { said, ended } = startStatus();
  await waitFor(() => server.openWatches === 1);
  await change(app, { status: rolling('1 of 2.').status });
  await change(app, { metadata: { labels: { nothing: 'new' } } });
  await waitFor(() => said.length === 2);
  server.cutWatches('lost');
  await waitFor(() => server.openWatches === 1);
  await change(app, { status: clusterApp().status });
  expect(await ended).toBe('redis is rolled out. Every instance runs revision 0123456789.');
  expect(said.slice(0, 2)).toEqual(['0 of 2.', '1 of 2.']);
});

test('status fails with the reason when the rollout is stuck, and with exit code 1', async () => {
  const app = create(rolling('0 of 2.'));
  const { ended } = startStatus();
  await waitFor(() => server.openWatches === 1);
  await change(app, { status: clusterApp({ Progressing: ['False', 'ProgressDeadlineExceeded', '1 of 2.'] }).status });
  await expect(ended).rejects.toMatchObject({ exitCode: 1, message: 'The rollout of redis has failed. 1 of 2.' });
});

test('status gives up in time, and says how far it was', async () => {
  create(rolling('0 of 2.'));
  await expect(startStatus({ timeoutSeconds: 0.2 }).ended).rejects.toMatchObject({
    exitCode: 1,
    message: 'The rollout of redis has not come to its end in 0.2 s. 0 of 2.',
  });
});

test('status ends when the app is deleted, also while nobody watched', async () => {
  const app = create(rolling('0 of 2.'));
  const first = startStatus();
  await waitFor(() => server.openWatches === 1);
  await connection.client.delete(osvApps, app.metadata);
  await expect(first.ended).rejects.toThrow('redis has been deleted.');
  create(rolling('0 of 2.'));
  const second = startStatus();
  await waitFor(() => server.openWatches === 1);
  server.faults.add({ kind: 'reset' }, ({ query }) => query.get('watch') === 'true');
  server.cutWatches('closed');
  await waitFor(() => server.count('GET', '/osvapps', (query) => query.get('watch') === 'true') > 2);
  await connection.client.delete(osvApps, app.metadata);
  await expect(second.ended).rejects.toThrow('redis has been deleted.');
});

test('status without watching looks once', async () => {
  create(rolling('1 of 2.'));
  const look = { watch: false, timeoutSeconds: 0, onProgress: () => {} };
  expect(await rolloutStatus(connection, 'redis', look)).toBe('1 of 2.');
  expect(server.count('GET')).toBe(1);
});

test('a right that is missing is an error, not something to wait for', async () => {
  create(rolling('0 of 2.'));
  const forbidden = ({ path }: { path: string }) => path.endsWith('/osvapps');
  server.faults.add({ kind: 'status', status: 403 }, forbidden, 10);
  await expect(startStatus().ended).rejects.toMatchObject({ status: 403 });
});
