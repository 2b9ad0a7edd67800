import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { TestApiServer } from '../testing/api-server/api-server.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { createApiClient } from './create-api-client.ts';
import { resources } from './resources.ts';

let server: TestApiServer;
let clock: FakeClock;

beforeEach(async () => {
  server = await TestApiServer.start();
  clock = new FakeClock();
  onTestFinished(() => server.stop());
});

async function connectAs(user: object) {
  const kubeconfig = join(server.folder, 'other-kubeconfig');
  await writeFile(kubeconfig, server.kubeconfigWith(user));
  const options = { fieldManager: 'test', userAgent: 'test', clock, random: () => 0 };
  const client = createApiClient({ kubeconfig, environment: { PATH: process.env.PATH }, ...options });
  onTestFinished(() => client.close());
  return client;
}

/** A credential plugin: prints the token of the file `token`, and notes each run and what it was told. */
async function writePlugin(status = '"token": "\'$(cat token)\'"'): Promise<object> {
  const { folder } = server;
  await writeFile(join(folder, 'token'), server.token);
  const script = `#!/bin/sh
cd "$(dirname "$0")"
echo "$KUBERNETES_EXEC_INFO" >> runs
echo '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {${status}}}'
`;
  await writeFile(join(folder, 'plugin'), script);
  await chmod(join(folder, 'plugin'), 0o755);
  return { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: './plugin', provideClusterInfo: true } };
}

const runs = async () => (await readFile(join(server.folder, 'runs'), 'utf8')).trim().split('\n');

test('a plugin is run once for many requests, and told of the cluster', async () => {
  const client = await connectAs(await writePlugin());
  await Promise.all([1, 2, 3].map(() => client.list(resources.pods)));
  await client.list(resources.pods);
  const told = await runs();
  expect(told).toHaveLength(1);
  expect(JSON.parse(told[0] ?? '')).toMatchObject({
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    spec: { interactive: false, cluster: { server: server.url } },
  });
});

test('a token that expires is asked for anew, a little before', async () => {
  const expiry = new Date(clock.now() + 600_000).toISOString();
  const client = await connectAs(await writePlugin(`"token": "'$(cat token)'", "expirationTimestamp": "${expiry}"`));
  await client.list(resources.pods);
  await clock.advance(594_000);
  await client.list(resources.pods);
  expect(await runs()).toHaveLength(1);
  await clock.advance(1000);
  await client.list(resources.pods);
  expect(await runs()).toHaveLength(2);
});

test('a token that the server no longer accepts is asked for anew within the request', async () => {
  const client = await connectAs(await writePlugin());
  await client.list(resources.pods);
  server.token = 'changed';
  await writeFile(join(server.folder, 'token'), 'changed');
  await client.list(resources.pods);
  expect(await runs()).toHaveLength(2);
});

test.each([
  ['exit 3', 'ended with exit code 3'],
  ['echo sorry >&2; exit 1', 'ended with exit code 1: sorry'],
  ['echo hello', 'printed no JSON'],
  ['echo "{}"', 'printed no ExecCredential'],
  [
    `echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{}}'`,
    'printed neither a token nor a certificate',
  ],
])('a plugin that does "%s" is named with what it did', async (command, message) => {
  const plugin = { apiVersion: 'client.authentication.k8s.io/v1', command: 'sh', args: ['-c', command] };
  const client = await connectAs({ exec: { ...plugin, installHint: 'Ask the admins.' } });
  const error = await client.raw('GET', '/version').catch((error) => error);
  expect(error).toMatchObject({ code: 'credentials-unavailable' });
  expect(error.message).toContain(message);
  expect(error.message).toContain('Ask the admins.');
});

test('a token file is read again every minute', async () => {
  await writeFile(join(server.folder, 'token'), `${server.token}\n`);
  const client = await connectAs({ tokenFile: 'token' });
  await client.list(resources.pods);
  server.token = 'renewed';
  await writeFile(join(server.folder, 'token'), 'renewed');
  await clock.advance(60_000);
  await client.list(resources.pods);
  expect(server.requests.at(-1)?.headers.authorization).toBe('Bearer renewed');
  expect(server.requests).toHaveLength(2);
});

test('a token file is read again when the server refuses its token', async () => {
  await writeFile(join(server.folder, 'token'), server.token);
  const client = await connectAs({ tokenFile: 'token' });
  await client.list(resources.pods);
  server.token = 'renewed';
  await writeFile(join(server.folder, 'token'), 'renewed');
  await client.list(resources.pods);
  expect(server.requests).toHaveLength(3);
});

test('wrong credentials are an error after two tries', async () => {
  const client = await connectAs({ token: 'wrong' });
  await expect(client.list(resources.pods)).rejects.toMatchObject({ status: 401, code: 'unauthorized' });
  expect(server.requests).toHaveLength(2);
});

test('somebody can be impersonated', async () => {
  const client = await connectAs({ token: server.token, as: 'alice' });
  await client.list(resources.pods);
  expect(server.requests[0]?.headers['impersonate-user']).toBe('alice');
});

test('a server with a certificate of somebody else is not spoken to', async () => {
  const kubeconfig = join(server.folder, 'kubeconfig-without-authority');
  const text = server.kubeconfigWith({ token: server.token }).replace(/^ +certificate-authority-data: .*\n/m, '');
  await writeFile(kubeconfig, text);
  const client = createApiClient({ kubeconfig, fieldManager: 'test', userAgent: 'test' });
  onTestFinished(() => client.close());
  const error = await client.raw('GET', '/version').catch((error) => error);
  expect(error.message).toContain('self-signed certificate');
  expect(server.requests).toEqual([]);
});
