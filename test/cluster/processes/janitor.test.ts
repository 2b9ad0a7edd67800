import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { employJanitor } from './janitor.ts';

async function fullFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'osv-janitor-'));
  await writeFile(join(folder, 'file'), '');
  return folder;
}

test('removes the folder when it is told so', async () => {
  const folder = await fullFolder();
  await (await employJanitor(folder)).dismiss('remove');
  expect(existsSync(folder)).toBe(false);
});

test('leaves it when it is told so', async () => {
  const folder = await fullFolder();
  await (await employJanitor(folder)).dismiss('keep');
  expect(existsSync(join(folder, 'file'))).toBe(true);
  await rm(folder, { recursive: true });
});

test('removes it when its employer is killed', async () => {
  const folder = await fullFolder();
  const module = JSON.stringify(join(import.meta.dirname, 'janitor.ts'));
  const script = `const { employJanitor } = await import(${module}); await employJanitor(${JSON.stringify(folder)}); console.log('here'); setInterval(() => {}, 1e6);`;
  const employer = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(employer.stdout, 'data');
  employer.kill('SIGKILL');
  await expect.poll(() => existsSync(folder), { timeout: 10_000 }).toBe(false);
});
