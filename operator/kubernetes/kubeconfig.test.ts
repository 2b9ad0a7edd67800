import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { loadContext } from './kubeconfig.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osv-kubeconfig-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
});

async function write(name: string, clusters: string[]): Promise<string> {
  const path = join(folder, name);
  const content = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': clusters[0],
    contexts: clusters.map((one) => ({ name: one, context: { cluster: one, user: one, namespace: `${one}-apps` } })),
    clusters: clusters.map((one) => ({ name: one, cluster: { server: `https://${one}.example:6443` } })),
    users: clusters.map((one) => ({ name: one, user: { token: one } })),
  };
  await writeFile(path, stringify(content));
  return path;
}

test('the current context is taken unless another is named', async () => {
  const kubeconfig = await write('config', ['test', 'production']);
  expect(loadContext({ kubeconfig }, {})).toMatchObject({ namespace: 'test-apps', user: { token: 'test' } });
  const named = loadContext({ kubeconfig, context: 'production' }, {});
  expect(named).toMatchObject({ namespace: 'production-apps', cluster: { server: 'https://production.example:6443' } });
});

test('a context may be in any of the files of KUBECONFIG', async () => {
  const files = [await write('one', ['test']), await write('two', ['production'])];
  const named = loadContext({ context: 'production' }, { KUBECONFIG: files.join(':') });
  expect(named.user.token).toBe('production');
});

test('an unknown context is refused with those that there are', async () => {
  const kubeconfig = await write('config', ['test', 'production']);
  expect(() => loadContext({ kubeconfig, context: 'nope' }, {})).toThrow(
    `The kubeconfig ${kubeconfig} has no context nope; its contexts: test, production.`,
  );
});

test('nothing to speak to is said', () => {
  expect(() => loadContext({ filesFirst: true }, { HOME: folder })).toThrow('set KUBECONFIG');
});
