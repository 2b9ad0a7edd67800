import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { buildImage } from '../../index.ts';
import { runInRoot, temporaryFolder } from '../../testing/folders.ts';

// One apt state for the file: the package lists are fetched once.
const folder = temporaryFolder();
const kernelPath = join(folder, 'osv.elf');
const cacheDirectory = join(folder, 'cache');

beforeAll(() => writeFileSync(kernelPath, 'a kernel'));

test('redis-server comes with its libraries and without what only maintainer scripts need', {
  timeout: 300_000,
}, async () => {
  const source = { kind: 'packages', names: ['redis-server'] } as const;
  const image = await buildImage(source, { kernelPath, cacheDirectory });
  expect(image.manifest.entryPoint.command).toEqual(['/usr/bin/redis-server']);
  const components = image.manifest.sbom.components as { name: string; purl?: string }[];
  const names = components.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['redis-server', 'libc6', 'libssl3', 'libjemalloc2', 'osv-kernel']));
  for (const absent of ['perl-base', 'dpkg', 'adduser', 'debconf']) expect(names).not.toContain(absent);
  expect(components.find(({ name }) => name === 'libc6')?.purl).toMatch(/^pkg:deb\/debian\/libc6@2\./);
  expect(image.manifest.systemCalls).toContain('epoll_wait');

  const root = join(folder, 'root');
  mkdirSync(root);
  execFileSync('fsck.erofs', [`--extract=${root}`, image.rootImagePath], { stdio: 'pipe' });
  const version = runInRoot(root, '/usr/bin/redis-server', '--version');
  expect(version).toMatch(/^Redis server v=\d/);
  expect(readFileSync(join(root, 'etc/passwd'), 'utf8')).toMatch(/^redis:x:100:100:/m);
  expect(readdirSync(join(root, 'run'))).toContain('redis');

  rmSync(join(cacheDirectory, 'images'), { recursive: true });
  const steps: string[] = [];
  const onProgress = (message: string) => steps.push(message);
  const again = await buildImage(source, { kernelPath, cacheDirectory, onProgress });
  expect(again.manifest).toEqual(image.manifest);
  expect(steps).toEqual([expect.stringMatching(/^unpacking \d+ packages$/), 'packing the root file system']);
});

test('a program gets the name that only an alternatives link gives it', { timeout: 300_000 }, async () => {
  const { manifest } = await buildImage({ kind: 'packages', names: ['mawk'] }, { kernelPath, cacheDirectory });
  expect(manifest.entryPoint.command).toEqual(['/usr/bin/mawk']);
  const image = await buildImage({ kind: 'packages', names: ['lua5.4'] }, { kernelPath, cacheDirectory });
  const listing = execFileSync('dump.erofs', ['--path=/usr/bin/lua', image.rootImagePath], { encoding: 'utf8' });
  expect(listing).toMatch(/symlink/i);
});

test('a package that does not exist is named', { timeout: 300_000 }, async () => {
  const source = { kind: 'packages', names: ['no-such-package-anywhere'] } as const;
  await expect(buildImage(source, { kernelPath, cacheDirectory })).rejects.toThrow(
    'There is no Debian package no-such-package-anywhere',
  );
  for (const name of ['-o=Dir::Etc=/tmp', 'libmd0-']) {
    const odd = { kind: 'packages', names: [name] } as const;
    await expect(buildImage(odd, { kernelPath, cacheDirectory })).rejects.toThrow(/no name of a Debian package/);
  }
});

test('a damaged package file is refused and fetched anew the next time', { timeout: 300_000 }, async () => {
  const source = { kind: 'packages', names: ['libmd0'] } as const;
  const archives = join(cacheDirectory, 'apt/archives');
  await buildImage(source, { kernelPath, cacheDirectory });
  const file = readdirSync(archives).find((name) => name.startsWith('libmd0_')) as string;
  appendFileSync(join(archives, file), 'x');
  // A record of what was resolved that is no JSON counts as absent.
  const resolved = join(cacheDirectory, 'apt/resolved');
  for (const record of readdirSync(resolved)) writeFileSync(join(resolved, record), '[');
  rmSync(join(cacheDirectory, 'images'), { recursive: true });
  await expect(buildImage(source, { kernelPath, cacheDirectory })).rejects.toMatchObject({
    code: 'download',
    message: expect.stringMatching(/libmd0 is damaged/),
  });
  await buildImage(source, { kernelPath, cacheDirectory });
});

test('two images at once share one apt', { timeout: 300_000 }, async () => {
  const names = ['zlib1g', 'libmd0'];
  const images = await Promise.all(
    names.map((name) => buildImage({ kind: 'packages', names: [name] }, { kernelPath, cacheDirectory })),
  );
  expect(images[0]?.manifest.digest).not.toBe(images[1]?.manifest.digest);
});

test('packages that are in the cache already are part of the next image', { timeout: 300_000 }, async () => {
  const image = await buildImage({ kind: 'packages', names: ['memcached'] }, { kernelPath, cacheDirectory });
  const names = (image.manifest.sbom.components as { name: string }[]).map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['memcached', 'libc6', 'libevent-2.1-7']));
});
