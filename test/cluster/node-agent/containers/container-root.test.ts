import { mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@osv/local/testing/temporary-folder.ts';
import { expect, test } from 'vitest';
import { makeMountPoint, makeRoot } from './container-root.ts';

async function image(): Promise<string> {
  const folder = join(await temporaryFolder(), 'image');
  for (const name of ['etc', 'run', 'var']) await mkdir(join(folder, name), { recursive: true });
  await writeFile(join(folder, 'etc/hosts'), 'of the image');
  await symlink('/run', join(folder, 'var/run'));
  await symlink('/../../../etc', join(folder, 'var/out'));
  return folder;
}

test.each([true, false])(
  'a root has places for mounts, and its image stays as it was (read-only: %s)',
  async (readOnly) => {
    const source = await image();
    const root = `${source}-root`;
    await makeRoot(source, root, readOnly);
    expect(await makeMountPoint(root, '/var/run/secrets/token', true)).toBe('/run/secrets/token');
    expect(await makeMountPoint(root, '/etc/hosts', false)).toBe('/etc/hosts');
    expect(await makeMountPoint(root, '/etc/resolv.conf', false)).toBe('/etc/resolv.conf');
    expect((await stat(join(root, 'run/secrets/token'))).isDirectory()).toBe(true);
    expect(await readFile(join(root, 'etc/hosts'), 'utf8')).toBe('of the image');
    await expect(stat(join(source, 'run/secrets'))).rejects.toThrow(/ENOENT/);
    await expect(stat(join(source, 'etc/resolv.conf'))).rejects.toThrow(/ENOENT/);
  },
);

test('a symbolic link does not lead out of the root', async () => {
  const source = await image();
  expect(await makeMountPoint(source, '/var/out/passwd', false)).toBe('/etc/passwd');
  expect((await stat(join(source, 'etc/passwd'))).size).toBe(0);
});

test('what is below /dev is left to bubblewrap', async () => {
  const source = await image();
  expect(await makeMountPoint(source, '/dev/termination-log', false)).toBe('/dev/termination-log');
  await expect(stat(join(source, 'dev'))).rejects.toThrow(/ENOENT/);
});
