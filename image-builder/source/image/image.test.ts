import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { type BuiltImage, buildImage } from '../../index.ts';
import { temporaryFolder } from '../../testing/folders.ts';
import { pushTestImage, type TestImage } from '../../testing/oci-image.ts';
import { startRegistry } from '../../testing/registry.ts';

const folder = temporaryFolder();
const kernelPath = join(folder, 'osv.elf');
const cacheDirectory = join(folder, 'cache');
let registry: string;
let names = 0;

beforeAll(async () => {
  registry = await startRegistry();
  writeFileSync(kernelPath, 'a kernel');
});

async function push(...images: TestImage[]): Promise<string> {
  const reference = `${registry}/test/image${names++}:1`;
  await pushTestImage(join(folder, `pushed${names}`), reference, ...images);
  return reference;
}

const steps: string[] = [];

function build(reference: string): Promise<BuiltImage> {
  steps.length = 0;
  const onProgress = (message: string) => steps.push(message);
  return buildImage({ kind: 'image', reference }, { kernelPath, cacheDirectory, onProgress });
}

async function extracted(reference: string): Promise<string> {
  const { rootImagePath } = await build(reference);
  const root = join(folder, `root${names++}`);
  mkdirSync(root);
  execFileSync('fsck.erofs', [`--extract=${root}`, rootImagePath], { stdio: 'pipe' });
  return root;
}

const directory = { type: 'directory', mode: 0o755 } as const;
const link = (linkname: string) => ({ type: 'symlink', linkname }) as const;
const hardLink = (linkname: string) => ({ type: 'link', linkname }) as const;

test.each(['none', 'gzip', 'zstd'] as const)(
  'layers are put together as they lie on each other (%s)',
  async (compression) => {
    const lower: TestImage['layers'][0] = [
      ['etc/', directory],
      ['etc/kept', 'kept'],
      ['etc/removed', 'removed'],
      ['etc/replaced', 'old'],
      ['cache/', directory],
      ['cache/a', 'a'],
      ['cache/below/b', 'b'],
      ['becomes-file/x', 'x'],
      ['becomes-folder', 'file'],
      ['usr/lib/c', 'c'],
      ['lib', link('usr/lib')],
    ];
    const upper: TestImage['layers'][0] = [
      ['etc/replaced', 'new'],
      ['etc/.wh.removed', ''],
      // The whiteout comes last and removes what lies below, not what its own layer brings.
      ['cache/below/c', 'c'],
      ['cache/.wh..wh..opq', ''],
      ['becomes-file', 'file'],
      ['becomes-folder/', directory],
      ['becomes-folder/y', 'y'],
      ['lib/d', 'd'],
      ['etc/link', link('/usr/lib')],
      ['etc/second-name', hardLink('etc/kept')],
      ['etc/.wh..wh.plnk', ''],
      ['dev/null', { type: 'character-device', devmajor: 1, devminor: 3 }],
    ];
    const root = await extracted(await push({ layers: [lower, upper], compression }));
    const read = (path: string) => readFileSync(join(root, path), 'utf8');
    expect(read('etc/kept')).toBe('kept');
    expect(read('etc/second-name')).toBe('kept');
    expect(read('etc/replaced')).toBe('new');
    expect(read('cache/below/c')).toBe('c');
    expect(read('becomes-file')).toBe('file');
    expect(read('becomes-folder/y')).toBe('y');
    expect(read('usr/lib/d')).toBe('d');
    expect(readlinkSync(join(root, 'etc/link'))).toBe('/usr/lib');
    for (const gone of [
      'etc/removed',
      'cache/a',
      'cache/below/b',
      'etc/.wh.removed',
      'cache/.wh..wh..opq',
      'dev/null',
    ]) {
      expect(existsSync(join(root, gone)), gone).toBe(false);
    }
  },
);

test('the entry point is that of the image', async () => {
  const layers = [
    [
      ['etc/passwd', 'root:x:0:0::/root:/bin/sh\nredis:x:999:998::/home/redis:/bin/sh\n'],
      ['etc/group', 'other:x:77:\n'],
    ],
  ] satisfies TestImage['layers'];
  const config = { Entrypoint: ['/tini', '--'], Cmd: ['redis', '-v'], Env: ['PATH=/x', 'A=b'], WorkingDir: '/data' };
  const { manifest } = await build(await push({ layers, config: { ...config, User: 'redis:other' } }));
  expect(manifest.entryPoint).toEqual({
    command: ['/tini', '--', 'redis', '-v'],
    fixedWords: 2,
    environment: ['PATH=/x', 'A=b', 'HOME=/home/redis'],
    workingDirectory: '/data',
    user: { uid: 999, gid: 77 },
  });
  const unnamed = await build(await push({ layers, config: { User: '5', Cmd: ['/a'] } }));
  expect(unnamed.manifest.entryPoint).toMatchObject({ fixedWords: 0, user: { uid: 5, gid: 0 }, workingDirectory: '/' });
  expect(unnamed.manifest.entryPoint.environment[0]).toMatch(/^PATH=/);
  await expect(build(await push({ layers, config: { User: 'nobody' } }))).rejects.toThrow(/has no nobody/);
});

test('one digest under two names is pulled once', async () => {
  const layers = [[['usr/bin/x', 'x']]] satisfies TestImage['layers'];
  const first = await build(await push({ layers }));
  expect(steps).toContainEqual(expect.stringMatching(/^pulling /));
  const second = await build(await push({ layers }));
  expect(second).toEqual(first);
  expect(steps).toEqual([]);
});

test('the image for this platform is chosen, and its absence told', async () => {
  const layers = (text: string) => [[['usr/text', text]]] satisfies TestImage['layers'];
  const arm = { layers: layers('arm'), architecture: 'arm64' };
  const root = await extracted(await push(arm, { layers: layers('amd') }));
  expect(readFileSync(join(root, 'usr/text'), 'utf8')).toBe('amd');
  const none = await push(arm, { ...arm, layers: layers('other'), architecture: 's390x' });
  await expect(build(none)).rejects.toThrow(/no image for linux\/amd64; it is there for linux\/arm64, linux\/s390x/);
  await expect(build(await push(arm))).rejects.toThrow(/is an image for linux\/arm64/);
});

test.each<[string, TestImage['layers'][0]]>([
  ['a name that leads out', [['../x', 'x']]],
  ['a hard link that leads out', [['x', hardLink('../../etc/passwd')]]],
  ['a hard link to nothing', [['x', hardLink('etc/passwd')]]],
  ['a whiteout that leads out', [['../.wh.x', '']]],
])('%s is refused, and nothing is left behind', async (_, layer) => {
  await expect(build(await push({ layers: [layer] }))).rejects.toMatchObject({ code: 'bad-archive' });
  expect(execFileSync('ls', [join(cacheDirectory, 'tmp')], { encoding: 'utf8' })).toBe('');
});

test('a file below a link lands inside, and a whiteout does not reach through one', async () => {
  const lower: TestImage['layers'][0] = [
    ['usr/kept', 'kept'],
    ['escape', link('../../../usr')],
  ];
  const upper: TestImage['layers'][0] = [
    ['escape/landed', 'landed'],
    ['escape/.wh.kept', ''],
  ];
  const root = await extracted(await push({ layers: [lower, upper] }));
  expect(readFileSync(join(root, 'usr/landed'), 'utf8')).toBe('landed');
  expect(readFileSync(join(root, 'usr/kept'), 'utf8')).toBe('kept');
});

test('a layer that is not what the configuration says is refused', async () => {
  const image = { layers: [[['a', 'a']]], firstDiffId: `sha256:${'0'.repeat(64)}` } satisfies TestImage;
  await expect(build(await push(image))).rejects.toThrow(/has the digest/);
});

test('a layer that unpacks to far more than its size is refused', async () => {
  const image = { layers: [[['bomb', Buffer.alloc(128 * 2 ** 20)]]] } satisfies TestImage;
  await expect(build(await push(image))).rejects.toThrow(/200 times its size/);
});

test('a layer that grows by second names of a file is refused', async () => {
  const bytes = randomBytes(2 ** 18);
  const again = Array.from({ length: 300 }, (_, index) => [`name${index}`, hardLink('file')] as const);
  await expect(build(await push({ layers: [[['file', bytes], ...again]] }))).rejects.toThrow(/200 times its size/);
});

test('an image that is not there is named', async () => {
  await expect(build(`${registry}/absent:1`)).rejects.toMatchObject({ code: 'not-found' });
  await expect(build('Not An Image')).rejects.toMatchObject({ code: 'bad-source' });
});
