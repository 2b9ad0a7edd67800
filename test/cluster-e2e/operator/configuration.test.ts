import { randomBytes } from 'node:crypto';
import { type OsvApp, resources } from '@osv/operator/kubernetes';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Cluster } from '../../cluster/cluster.ts';
import { waitUntil } from '../../cluster/processes/wait-until.ts';
import { condition, isComplete, type OperatorUnderTest, startOperator, untilApp } from '../support/operator.ts';
import { ProgramArchives } from '../support/program-archives.ts';
import { newNamespace, sharedCluster } from '../support/shared-cluster.ts';

let cluster: Cluster;
let namespace: string;
let operator: OperatorUnderTest;
let archives: ProgramArchives;
let address: string;

/** More than a block of the file system, and no text. */
const picture = randomBytes(70_001);

const web = (sentence: string, holds: (app: OsvApp) => boolean) => untilApp(cluster, namespace, 'web', sentence, holds);
const kubectl = (...words: string[]) => cluster.kubectl(['-n', namespace, ...words]);
const get = (path: string) => fetch(`http://${address}:8080${path}`, { signal: AbortSignal.timeout(20_000) });
const environment = async () => (await (await get('/env')).text()).split('\n').filter((line) => line !== '');
const file = async (path: string) => Buffer.from(await (await get(`/files${path}`)).arrayBuffer());

function settings(data: Record<string, string>) {
  return cluster.client.apply(resources.configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'settings', namespace },
    data,
    binaryData: { picture: picture.toString('base64') },
  });
}

function credentials() {
  return cluster.client.create(resources.secrets, {
    metadata: { name: 'credentials', namespace },
    stringData: { password: 'mellon', 'user.name': 'gandalf' },
  });
}

const from = (kind: 'configMapKeyRef' | 'secretKeyRef', name: string, key: string, optional = false) => ({
  valueFrom: { [kind]: { name, key, ...(optional ? { optional } : {}) } },
});

beforeAll(async () => {
  cluster = await sharedCluster();
  namespace = await newNamespace(cluster);
  archives = await ProgramArchives.start('configuration');
  operator = await startOperator(cluster, namespace, 'operator', [
    '--no-leader-election',
    '--reference-poll-seconds',
    '1',
  ]);
});

afterAll(async () => {
  await operator?.stop();
  await archives?.stop();
});

test('an app whose Secret is missing says so in a sentence, and starts nothing', async () => {
  await settings({ color: 'green', 'motto.txt': 'Speak, friend,\nand enter.\n' });
  const app = {
    apiVersion: 'osvapp.dev/v1alpha1',
    kind: 'OsvApp',
    metadata: { name: 'web' },
    spec: {
      source: { archive: { url: `${archives.url}/configuration.tar.gz`, sha256: archives.sha256 } },
      command: [archives.program],
      env: [
        { name: 'PLAIN', value: 'as it = stands' },
        { name: 'EMPTY' },
        { name: 'COLOR', ...from('configMapKeyRef', 'settings', 'color') },
        { name: 'PASSWORD', ...from('secretKeyRef', 'credentials', 'password') },
        { name: 'SIZE', ...from('configMapKeyRef', 'settings', 'size', true) },
        { name: 'LEVEL', ...from('configMapKeyRef', 'no-such-map', 'level', true) },
      ],
      resources: { cpus: 1, memory: '64Mi' },
      ports: [{ name: 'http', port: 8080 }],
      readinessProbe: { httpGet: { port: 8080 }, periodSeconds: 1 },
      volumes: [
        { name: 'settings', mountPath: '/etc/settings', configMap: { name: 'settings' } },
        { name: 'credentials', mountPath: '/run/credentials', secret: { secretName: 'credentials' } },
        { name: 'scratch', mountPath: '/scratch', emptyDir: { sizeLimit: '8Mi' } },
      ],
    },
  };
  await cluster.kubectl(['-n', namespace, 'apply', '-f', '-'], { input: JSON.stringify(app) });
  const waiting = await web('it waits', (one) => condition(one, 'Degraded')?.reason === 'ReferencesMissing');
  expect(condition(waiting, 'Degraded')?.message).toBe(
    'The Secret credentials does not exist; the variable PASSWORD takes its value from it. ' +
      'The Secret credentials does not exist; the volume credentials shows it.',
  );
  expect(condition(waiting, 'Progressing')).toMatchObject({ status: 'False', reason: 'ReferencesMissing' });
  expect(await kubectl('get', 'vmirs', '-o', 'name')).toBe('');
});

test('it starts when the Secret is there', async () => {
  await credentials();
  await web('it runs', isComplete);
  address = await kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}');
});

test('the environment has literal values and those of ConfigMap and Secret, and leaves out what is optional', async () => {
  const lines = await environment();
  expect(lines).toEqual(expect.arrayContaining(['PLAIN=as it = stands', 'EMPTY=', 'COLOR=green', 'PASSWORD=mellon']));
  expect(lines.filter((line) => /^(SIZE|LEVEL)=/.test(line))).toEqual([]);
});

test('ConfigMap and Secret are files, byte for byte', async () => {
  expect((await file('/etc/settings/color')).toString()).toBe('green');
  expect((await file('/etc/settings/motto.txt')).toString()).toBe('Speak, friend,\nand enter.\n');
  expect((await file('/etc/settings/picture')).equals(picture)).toBe(true);
  expect((await file('/run/credentials/password')).toString()).toBe('mellon');
  expect((await file('/run/credentials/user.name')).toString()).toBe('gandalf');
  expect((await get('/files/etc/settings/nothing')).status).toBe(404);
});

test('the Secret is in no object but itself and the boot Secret', async () => {
  const objects = await kubectl('get', 'osvapps,vmirs,vmis,pods,services,configmaps,events', '-o', 'json');
  expect(objects).not.toContain('mellon');
  expect(objects).not.toContain(Buffer.from('mellon').toString('base64'));
});

test('a change of the ConfigMap rolls the instances, and brings a key that was optional', async () => {
  await settings({ color: 'blue', size: 'large' });
  await waitUntil('the new settings are there', async () => (await file('/etc/settings/color')).toString() === 'blue', {
    secondsMax: 300,
  });
  await web('the rollout is complete', isComplete);
  expect(await environment()).toEqual(expect.arrayContaining(['COLOR=blue', 'SIZE=large']));
  expect((await get('/files/etc/settings/motto.txt')).status).toBe(404);
  expect((await kubectl('get', 'vmirs', '-o', 'name')).trim().split('\n')).toHaveLength(2);
});

test('what runs goes on when the Secret is deleted, and nothing restarts when it is back', async () => {
  const instances = () => kubectl('get', 'vmis', '-o', 'name');
  const before = await instances();
  await kubectl('delete', 'secret', 'credentials');
  const degraded = await web('it says so', (app) => condition(app, 'Degraded')?.reason === 'ReferencesMissing');
  expect(condition(degraded, 'Available')?.status).toBe('True');
  expect((await get('/')).status).toBe(200);
  await credentials();
  await web('it is well again', (app) => condition(app, 'Degraded')?.status === 'False' && isComplete(app));
  expect(await instances()).toBe(before);
});

test('an app that asks for what cannot be done is refused with a sentence, before anything is built', async () => {
  const spec = {
    source: { archive: { url: `${archives.url}/refused.tar.gz` } },
    volumes: [{ name: 'scratch', mountPath: '/scratch', emptyDir: {}, readOnly: true }],
  };
  const app = { apiVersion: 'osvapp.dev/v1alpha1', kind: 'OsvApp', metadata: { name: 'refused' }, spec };
  await cluster.kubectl(['-n', namespace, 'apply', '-f', '-'], { input: JSON.stringify(app) });
  const refused = await untilApp(
    cluster,
    namespace,
    'refused',
    'it is refused',
    (one) => condition(one, 'Degraded')?.reason === 'Unsupported',
  );
  expect(condition(refused, 'Degraded')?.message).toMatch(
    /^spec\.volumes: scratch is an emptyDir, which cannot be readOnly/,
  );
  expect(await kubectl('get', 'vmirs', '-l', 'osvapp.dev/app=refused', '-o', 'name')).toBe('');
  expect(archives.downloads.get('/refused.tar.gz')).toBeUndefined();
});
