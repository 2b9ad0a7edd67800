import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readAppFiles } from './app-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'osv-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const app = `apiVersion: osvapp.dev/v1alpha1
kind: OsvApp
metadata: { name: web }
spec: { source: { directory: { path: . } } }
`;

function fileWith(name: string, ...namespaces: (string | undefined)[]): string {
  const path = join(folder, name);
  const objects = namespaces.map((namespace) =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'settings', namespace },
      data: { a: '1' },
    }),
  );
  writeFileSync(path, [app, ...objects].join('\n---\n'));
  return path;
}

test('objects of one name in two namespaces are two', async () => {
  const { objects } = await readAppFiles([fileWith('two.yaml', undefined, 'other')]);
  expect(objects.map(({ namespace }) => namespace)).toEqual([undefined, 'other']);
});

test('an object without a namespace is one of the namespace default', async () => {
  const read = readAppFiles([fileWith('twice.yaml', undefined, 'default')]);
  await expect(read).rejects.toThrow(/there is a second ConfigMap named settings/);
});
