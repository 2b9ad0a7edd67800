import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { findGo, isAtLeast } from './find-go.ts';

const folders: string[] = [];

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

/** A folder in PATH whose `go` is of one version and fetches newer ones as asked, as the real command does. */
async function machineWithGo(version: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'osv-go-'));
  folders.push(folder);
  const script = `#!/bin/sh\ncase $GOTOOLCHAIN in *+auto) echo "\${GOTOOLCHAIN%+auto}" ;; *) echo ${version} ;; esac\n`;
  await writeFile(join(folder, 'go'), script);
  await chmod(join(folder, 'go'), 0o755);
  vi.stubEnv('PATH', `${folder}:/bin`);
  vi.stubEnv('XDG_CACHE_HOME', folder);
}

test('a Go that is new enough is taken as it is', async () => {
  await machineWithGo('go1.26.8');
  expect(await findGo('1.26.0')).toMatchObject({ version: 'go1.26.8', environment: {} });
});

test('an older one that fetches toolchains is told which', async () => {
  await machineWithGo('go1.24.4');
  expect(await findGo('1.26.0')).toMatchObject({ version: 'go1.26.0', environment: { GOTOOLCHAIN: 'go1.26.0+auto' } });
});

test('one that cannot fetch toolchains is refused with what to install', async () => {
  await machineWithGo('go1.19.8');
  await expect(findGo('1.26.0')).rejects.toThrow(/is go1\.19\.8; .*needs Go 1\.26\.0 or newer: .*setup\.sh go/);
});

test('one that setup.sh has installed is taken where the machine’s own is too old', async () => {
  await machineWithGo('go1.19.8');
  const cache = process.env.XDG_CACHE_HOME ?? '';
  const installed = join(cache, 'osv', 'go');
  await mkdir(installed, { recursive: true });
  await writeFile(join(installed, 'go'), '#!/bin/sh\necho go1.26.6\n', { mode: 0o755 });
  expect(await findGo('1.26.0')).toMatchObject({ program: join(installed, 'go'), version: 'go1.26.6' });
});

test('no Go at all says what to install', async () => {
  vi.stubEnv('PATH', '/bin/nowhere');
  vi.stubEnv('XDG_CACHE_HOME', '/nowhere');
  await expect(findGo('1.26.0')).rejects.toThrow(/there is no Go; .*needs Go 1\.26\.0 or newer/);
});

test('versions compare by number', () => {
  expect(isAtLeast('go1.9', [1, 21])).toBe(false);
  expect(isAtLeast('go1.26.8', [1, 26, 0])).toBe(true);
  expect(isAtLeast('go2.0', [1, 26, 0])).toBe(true);
  expect(isAtLeast('go1.26', [1, 26, 1])).toBe(false);
  expect(isAtLeast('go1.27rc1', [1, 27])).toBe(true);
});
