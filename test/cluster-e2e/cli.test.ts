import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isServed, type OsvApp, resources } from '@osv/operator/kubernetes';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { clusterApp, revisionSet } from '../../cli/testing/cluster-app.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { customResourceDefinitions } from '../cluster/kubevirt/double/schema/definitions.ts';
import { waitUntil } from '../cluster/processes/wait-until.ts';
import { resultOf, untilText } from '../e2e/support/osv.ts';
import { installDefinition } from './support/operator.ts';
import { newNamespace, sharedCluster } from './support/shared-cluster.ts';

const root = join(import.meta.dirname, '../..');
const { osvApps, virtualMachineInstanceReplicaSets } = resources;

let cluster: Cluster;
let namespace: string;
/** Of somebody who may do what the guide's Role allows, and nothing else. */
let kubeconfig: string;
/** A folder for the PATH with kubectl and its plugin. */
let programs: string;

beforeAll(async () => {
  cluster = await sharedCluster();
  namespace = await newNamespace(cluster);
  await installDefinition(cluster);
  await ensureReplicaSets();
  kubeconfig = await cluster.kubeconfigForUser({ commonName: 'app-administrator' });
  await cluster.kubectl(['-n', namespace, 'apply', '-f', '-'], { input: await guideRole() });
  const binding = ['rolebinding', 'apps', '--role=osv-app-administrator', '--user=app-administrator'];
  await cluster.kubectl(['-n', namespace, 'create', ...binding]);
  programs = await mkdtemp(join(tmpdir(), 'osv-plugin-'));
  for (const name of ['kubectl-osv', 'kubectl_complete-osv']) {
    await symlink(join(root, `cli/${name}.ts`), join(programs, name));
  }
});

afterAll(async () => {
  await rm(programs, { recursive: true, force: true });
});

/** Where no KubeVirt has been started, the definition of its sets alone is enough for their being listed. */
async function ensureReplicaSets(): Promise<void> {
  const served = () => isServed(cluster.client, virtualMachineInstanceReplicaSets);
  if (await served()) return;
  const { plural } = virtualMachineInstanceReplicaSets;
  const wanted = (await customResourceDefinitions()).find(({ spec }) => spec.names.plural === plural);
  await cluster.kubectl(['apply', '--server-side', '-f', '-'], { input: JSON.stringify(wanted) });
  await waitUntil(`${plural} are served`, served, { secondsMax: 60 });
}

/** The Role of the guide, so that what it promises is what is tried. */
async function guideRole(): Promise<string> {
  const guide = await readFile(join(root, 'docs/guide/clusters.md'), 'utf8');
  const blocks = [...guide.matchAll(/```yaml\n([\s\S]*?)```/g)].flatMap(([, text = '']) => parseAllDocuments(text));
  const role = blocks.map((document) => document.toJS()).find((object) => object?.kind === 'Role');
  return JSON.stringify(role);
}

function environment(): NodeJS.ProcessEnv {
  // The programs of npm are called by `env node`.
  const path = `${programs}:${dirname(process.execPath)}:/usr/bin:/bin`;
  return { ...process.env, PATH: path, KUBECONFIG: kubeconfig, HOME: programs, NO_COLOR: '1' };
}

function start(program: string, ...words: string[]) {
  return spawn(program, words, { env: environment(), cwd: programs, stdio: ['pipe', 'pipe', 'pipe'] });
}

async function osv(...words: string[]) {
  const child = start(process.execPath, join(root, 'cli/main.ts'), ...words, '-n', namespace);
  const { code, stdout, stderr } = await resultOf(child);
  return { code, stdout: stdout.toString(), stderr };
}

async function kubectlOsv(...words: string[]) {
  const { code, stdout, stderr } = await resultOf(start(cluster.tools.kubectl, ...words));
  return { code, stdout: stdout.toString(), stderr };
}

/** An app with its revisions, as the operator leaves them: the sets are the operator's own, without instances. */
async function createApp(name: string, changes: Partial<OsvApp['spec']>[]): Promise<OsvApp> {
  const { spec } = clusterApp();
  const { client } = cluster;
  let app = await client.create(osvApps, { metadata: { name, namespace }, spec } as OsvApp);
  for (const [index, change] of changes.entries()) {
    app = await client.mergePatch(osvApps, app.metadata, { spec: change });
    await client.apply(virtualMachineInstanceReplicaSets, revisionSet(app, index + 1));
  }
  return app;
}

async function writeStatus(app: OsvApp, conditions: Parameters<typeof clusterApp>[0]): Promise<void> {
  const { metadata } = (await cluster.client.get(osvApps, app.metadata)) ?? app;
  const status = { ...clusterApp(conditions).status, observedGeneration: metadata.generation };
  const { name } = app.metadata;
  await cluster.client.apply(osvApps, { metadata: { name, namespace }, status } as OsvApp, { subresource: 'status' });
}

async function specOf(app: OsvApp): Promise<OsvApp['spec'] | undefined> {
  return (await cluster.client.get(osvApps, app.metadata))?.spec;
}

test('history lists revisions, undo goes back to one and takes away what it did not have', async () => {
  const app = await createApp('rolled', [
    { args: ['--one'], kernel: { tracepoints: ['sched_switch'], arguments: ['quiet'] } },
    { args: ['--two'], kernel: { arguments: null as never }, env: [{ name: 'A', value: '1' }] },
    { replicas: 7, resources: { cpus: 2 } },
  ]);
  const history = await osv('rollout', 'history', 'osvapp/rolled');
  expect(history).toMatchObject({ code: 0, stderr: '' });
  const lines = history.stdout.split('\n').map((line) => line.split(/ {2,}/).slice(0, 4));
  expect(lines.slice(0, 4)).toEqual([
    ['REVISION', 'READY', 'IMAGE', 'CHANGED'],
    ['1', '0/0', 'redis@000000000000', '-'],
    ['2', '0/0', 'redis@000000000000', 'args,env,kernel'],
    ['3 *', '0/0', 'redis@000000000000', 'resources'],
  ]);
  const first = await osv('rollout', 'history', 'rolled', '--revision', '1');
  expect(parse(first.stdout.split('Spec:\n')[1] ?? '')).toMatchObject({ args: ['--one'] });

  const undone = await osv('rollout', 'undo', 'rolled', '--to-revision', '1');
  expect(undone).toEqual({ code: 0, stdout: 'osvapp.osvapp.dev/rolled rolled back to revision 1\n', stderr: '' });
  expect(await specOf(app)).toEqual({
    ...clusterApp().spec,
    args: ['--one'],
    kernel: { tracepoints: ['sched_switch'], arguments: ['quiet'] },
    replicas: 7,
  });
  const current = JSON.parse((await osv('rollout', 'history', 'rolled', '-o', 'json')).stdout);
  expect(current.map((revision: { current: boolean }) => revision.current)).toEqual([true, false, false]);
});

test('the fields that undo writes are seen to be its own', async () => {
  const app = await createApp('owned', [{ args: ['--one'] }, { args: ['--two'] }]);
  await osv('rollout', 'undo', 'owned');
  const managers = (await cluster.client.get(osvApps, app.metadata))?.metadata.managedFields ?? [];
  expect(managers.find(({ manager }) => manager === 'osv-cli')?.fieldsV1).toEqual({ 'f:spec': { 'f:args': {} } });
});

test('a paused app does not roll back until it is resumed; then it can also be restarted', async () => {
  const app = await createApp('held', [{ args: ['--one'] }, { args: ['--two'] }]);
  expect((await osv('rollout', 'pause', 'held')).stdout).toBe('osvapp.osvapp.dev/held paused\n');
  expect(await osv('rollout', 'undo', 'held')).toMatchObject({
    code: 125,
    stderr: expect.stringContaining('osv rollout resume held'),
  });
  expect((await osv('rollout', 'resume', 'held')).stdout).toBe('osvapp.osvapp.dev/held resumed\n');
  expect((await osv('rollout', 'undo', 'held')).code).toBe(0);
  expect((await specOf(app))?.args).toEqual(['--one']);
  expect((await osv('rollout', 'restart', 'held')).stdout).toBe('osvapp.osvapp.dev/held restarted\n');
  expect((await specOf(app))?.restartedAt).toMatch(/^20\d\d-.*Z$/);
});

test('status follows a rollout to its end, and tells a stuck one by its exit code', async () => {
  const app = await createApp('followed', [{ args: ['--one'] }]);
  const words = ['rollout', 'status', 'followed', '-n', namespace];
  const following = start(process.execPath, join(root, 'cli/main.ts'), ...words);
  const ended = resultOf(following);
  await untilText(following.stderr, 'Waiting for the operator');
  await writeStatus(app, { Progressing: ['True', 'RollingOut', '1 of 2 instances run it.'] });
  await untilText(following.stderr, '1 of 2 instances run it.');
  await writeStatus(app, {});
  const { code, stdout } = await ended;
  expect([code, stdout.toString()]).toEqual([0, 'followed is rolled out. Every instance runs revision 0123456789.\n']);
  await writeStatus(app, { Progressing: ['False', 'ProgressDeadlineExceeded', '1 of 2 instances run it.'] });
  expect(await osv('rollout', 'status', 'followed')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('The rollout of followed has failed. 1 of 2 instances run it.'),
  });
  await writeStatus(app, { Progressing: ['True', 'RollingOut', '1 of 2 instances run it.'] });
  expect(await osv('rollout', 'status', 'followed', '--timeout', '1s')).toMatchObject({ code: 1 });
});

test('status and apps say in a word what an app is doing', async () => {
  const app = await createApp('crashing', [{ args: ['--one'] }]);
  await writeStatus(app, { Degraded: ['True', 'CrashLoopBackOff', 'The program has ended 3 times in a row.'] });
  const { stdout } = await osv('status', 'crashing');
  expect(stdout).toMatch(/^crashing in namespace test-\w+: CrashLoopBackOff, 2\/2 ready\n/);
  expect(stdout).toMatch(/What to do: .*osv rollout undo crashing -n test-/);
  const apps = await osv('apps');
  expect(apps.stdout).toMatch(/^NAME +READY +STATE/);
  expect(apps.stdout).toMatch(/^crashing +2\/2 +CrashLoopBackOff/m);
});

test('as a plugin of kubectl it says so in its help, and completes live names', async () => {
  await createApp('plugged', [{ args: ['--one'] }, { args: ['--two'] }]);
  const help = await kubectlOsv('osv', 'rollout', 'undo', '--help');
  expect(help.stdout).toContain('Usage: kubectl osv rollout undo [options] <app>');
  expect(help.stdout).toMatch(/^Examples:\n {2}kubectl osv rollout undo redis/);
  const undone = await kubectlOsv('osv', 'rollout', 'undo', 'plugged', '-n', namespace);
  expect(undone.stdout).toBe('osvapp.osvapp.dev/plugged rolled back to revision 1\n');
  const completed = await kubectlOsv('__complete', 'osv', 'rollout', 'undo', '-n', namespace, 'plu');
  expect(completed.stdout).toContain('plugged\tWaiting\n:4');
  const revisions = ['rollout', 'undo', 'plugged', '-n', namespace, '--to-revision', ''];
  expect((await kubectlOsv('__complete', 'osv', ...revisions)).stdout).toMatch(/^1\n2\targs\n:4/);
  expect((await kubectlOsv('osv', 'logs', 'plugged')).stderr).toContain('kubectl logs -l osvapp.dev/app=plugged');
});

test('what is not allowed, and what is not there, is said in a sentence', async () => {
  const forbidden = await osv('apps', '-A');
  expect(forbidden.code).toBe(125);
  expect(forbidden.stderr).toMatch(
    /^osv: Listing osvapps was refused by the API server: .*app-administrator.*cannot list/,
  );
  const absent = await osv('status', 'nowhere');
  expect(absent.stderr).toMatch(/^osv: There is no app nowhere in the namespace test-/);
});

test('a watch of apps goes on with a row for each change, and ends when its reader goes', async () => {
  const app = await createApp('watched', []);
  const child = start(process.execPath, join(root, 'cli/main.ts'), 'apps', '-w', '-n', namespace);
  const ended = once(child, 'close');
  await untilText(child.stdout, 'watched');
  await writeStatus(app, { Progressing: ['Unknown', 'Paused'] });
  expect(await untilText(child.stdout, 'Paused')).toMatch(/^watched +2\/2 +Paused/m);
  child.stdout.destroy();
  await writeStatus(app, {});
  expect(await ended).toEqual([0, null]);
});
