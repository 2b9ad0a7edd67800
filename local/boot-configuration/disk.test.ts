import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { makeIsoImage, writeBootDisk, writeIsoDisk } from './disk.ts';

test('a disk holds its files, and only its owner may read it', async () => {
  const path = join(await temporaryFolder(), 'boot.iso');
  await writeIsoDisk(path, 'osvboot', { 'boot.json': '{}' });
  const { mode, size } = await stat(path);
  expect(mode & 0o777).toBe(0o600);
  expect(size).toBeGreaterThan(0x8000);
});

test('the boot disk holds boot.json under its own name and label', async () => {
  const path = join(await temporaryFolder(), 'boot.iso');
  await writeBootDisk(path, '{"version":1}');
  const { stdout } = await promisify(execFile)('isoinfo', ['-i', path, '-R', '-x', '/boot.json']);
  expect(stdout).toBe('{"version":1}');
  const { stdout: header } = await promisify(execFile)('isoinfo', ['-d', '-i', path]);
  expect(header).toContain('Volume id: osvboot');
});

test('names that differ only at their end stay apart, and as they are', async () => {
  const path = join(await temporaryFolder(), 'files.iso');
  const names = ['A', 'b'].map((end) => `${'com.example.Settings'.repeat(4)}.${end}`);
  await writeIsoDisk(path, 'files', Object.fromEntries(names.map((name) => [name, name.slice(-1)])));
  for (const name of names) {
    const { stdout } = await promisify(execFile)('isoinfo', ['-i', path, '-R', '-x', `/${name}`]);
    expect(stdout).toBe(name.slice(-1));
  }
});

test('what the maker complained of is in the error, in one line', async () => {
  const folder = await temporaryFolder();
  const made = makeIsoImage('genisoimage', join(folder, 'x.iso'), 'x', join(folder, 'absent'));
  await expect(made).rejects.toThrow(/^The disk \S+x\.iso could not be written: [^\n]*(node|absent)[^\n]*$/);
});
