import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { beforeAll, expect, test } from 'vitest';
import schema from '../contracts/image-manifest.schema.json' with { type: 'json' };
import { type BuiltImage, buildImage, type Source } from './index.ts';
import { compile } from './testing/compile.ts';
import { runInRoot, temporaryFolder, writeFiles } from './testing/folders.ts';

const folder = temporaryFolder();
const kernelPath = join(folder, 'osv.elf');
let caches = 0;

beforeAll(() => writeFileSync(kernelPath, 'a kernel'));

function build(source: Source, cacheDirectory = join(folder, `cache${caches++}`)): Promise<BuiltImage> {
  return buildImage(source, { kernelPath, cacheDirectory });
}

/** Every file of an image: its path and text; links as `-> target`. */
function extract(image: BuiltImage): { root: string; read(path: string): string } {
  const root = join(folder, `extracted${caches++}`);
  mkdirSync(root);
  execFileSync('fsck.erofs', [`--extract=${root}`, image.rootImagePath], { stdio: 'pipe' });
  return { root, read: (path) => readFileSync(join(root, path), 'utf8') };
}

function folderWith(files: Record<string, string>): string {
  const path = join(folder, `source${caches++}`);
  mkdirSync(path);
  writeFiles(path, files);
  return path;
}

test('a folder with a file system in it becomes the root, as it is', async () => {
  const path = folderWith({ 'etc/hosts': 'mine\n', 'usr/bin/x': 'x' });
  const image = await build({ kind: 'directory', path });
  const { read } = extract(image);
  expect(read('etc/hosts')).toBe('mine\n');
  expect(read('etc/passwd')).toMatch(/^root:x:0:0/);
  expect(image.manifest.entryPoint).toMatchObject({ command: [], workingDirectory: '/' });
});

test('a symbolic link to a folder is that folder', async () => {
  const link = join(folder, 'link');
  symlinkSync(folderWith({ 'etc/a': 'a' }), link);
  const { read } = extract(await build({ kind: 'directory', path: link }));
  expect(read('etc/a')).toBe('a');
});

test('the manifest satisfies its schema and tells the truth', async () => {
  const { manifest, rootImagePath } = await build({ kind: 'directory', path: folderWith({ 'etc/a': 'a' }) });
  const validate = new Ajv().compile(schema);
  expect(validate(manifest), JSON.stringify(validate.errors)).toBe(true);
  const root = readFileSync(rootImagePath);
  expect(manifest.root).toEqual({
    digest: `sha256:${createHash('sha256').update(root).digest('hex')}`,
    sizeBytes: root.length,
  });
  expect(root.length % 4096).toBe(0);
});

test('the same files give the same digest, whatever their order, times and place', async () => {
  const files = { 'etc/a': 'a', 'etc/b': 'b'.repeat(5000), 'usr/share/c/d/e': 'e', 'usr/z': '' };
  const backwards = Object.fromEntries(Object.entries(files).reverse());
  const first = await build({ kind: 'directory', path: folderWith(files) });
  const second = await build({ kind: 'directory', path: folderWith(backwards) });
  expect(second.manifest).toEqual(first.manifest);
  expect(readFileSync(second.rootImagePath)).toEqual(readFileSync(first.rootImagePath));
  const other = await build({ kind: 'directory', path: folderWith({ ...files, 'etc/a': 'A' }) });
  expect(other.manifest.digest).not.toBe(first.manifest.digest);
});

test('a second build comes from the cache, and two at once share it', async () => {
  const cacheDirectory = join(folder, 'shared');
  const path = folderWith({ 'etc/a': 'a' });
  const [one, two] = await Promise.all([1, 2].map(() => build({ kind: 'directory', path }, cacheDirectory)));
  expect(one).toEqual(two);
  const steps: string[] = [];
  const onProgress = (message: string) => steps.push(message);
  const again = await buildImage({ kind: 'directory', path }, { kernelPath, cacheDirectory, onProgress });
  expect(again).toEqual(one);
  expect(steps).toEqual([]);
  expect(readdirSync(join(cacheDirectory, 'tmp'))).toEqual([]);
});

test.each<[string, (image: BuiltImage) => void]>([
  ['cut off', ({ rootImagePath }) => writeFileSync(rootImagePath, '')],
  [
    'with other bytes',
    ({ rootImagePath }) => writeFileSync(rootImagePath, Buffer.alloc(readFileSync(rootImagePath).length)),
  ],
  ['without its manifest', ({ rootImagePath }) => writeFileSync(join(rootImagePath, '../manifest.json'), '')],
  ['without what is to be published', ({ ociLayoutPath }) => rmSync(ociLayoutPath, { recursive: true })],
  [
    'without a part of what is to be published',
    ({ ociLayoutPath, manifest }) => {
      const blob = (digest: string) => join(ociLayoutPath, 'blobs', digest.replace(':', '/'));
      rmSync(blob(JSON.parse(readFileSync(blob(manifest.digest), 'utf8')).layers[1].digest));
    },
  ],
])('an image in the cache that is %s is built again', async (name, damage) => {
  const cacheDirectory = join(folder, `damaged ${name}`);
  const path = folderWith({ 'etc/a': 'a' });
  const image = await build({ kind: 'directory', path }, cacheDirectory);
  const root = readFileSync(image.rootImagePath);
  damage(image);
  const again = await build({ kind: 'directory', path }, cacheDirectory);
  expect(again.manifest).toEqual(image.manifest);
  expect(readFileSync(again.rootImagePath).equals(root)).toBe(true);
  expect(existsSync(join(again.ociLayoutPath, 'index.json'))).toBe(true);
  const blobs = readdirSync(join(again.ociLayoutPath, 'blobs/sha256'));
  expect(blobs).toHaveLength(4);
});

test.each(['directory', 'archive', 'hostProgram'] as const)(
  'a %s that changes while it is packed is refused',
  async (kind) => {
    const source = folderWith({ 'etc/a': 'a' });
    const changed = {
      directory: () => writeFileSync(join(source, 'etc/a'), 'b'),
      archive: () => writeFileSync(`${source}.tar`, 'b'),
      hostProgram: () => writeFileSync(`${source}.program`, 'b', { flag: 'a' }),
    }[kind];
    execFileSync('tar', ['-C', source, '-cf', `${source}.tar`, '.']);
    compile('int main(void) { return 0; }', `${source}.program`);
    const path = { directory: source, archive: `${source}.tar`, hostProgram: `${source}.program` }[kind];
    const cacheDirectory = join(folder, `cache${caches++}`);
    const onProgress = (message: string) => {
      if (message === 'packing the root file system') changed();
    };
    const built = buildImage({ kind, path }, { kernelPath, cacheDirectory, onProgress });
    await expect(built).rejects.toThrow(/changed while its image was made/);
    expect(readdirSync(join(cacheDirectory, 'images'))).toEqual([]);
  },
);

test('a program of this machine is packed with what its loader looks for, and runs from there', async () => {
  const program = compile(
    '#include <stdio.h>\n#include <math.h>\nint main(int c, char **v) { printf("%s %.0f\\n", v[0], cbrt(c * 27.0)); }',
    join(folder, 'cubic'),
    '-lm',
  );
  const image = await build({ kind: 'hostProgram', path: program });
  expect(image.manifest.entryPoint.command).toEqual(['/app/cubic']);
  expect(image.manifest.systemCalls).toEqual(expect.arrayContaining(['mmap', 'write']));
  const { root } = extract(image);
  const output = runInRoot(root, '/app/cubic');
  expect(output).toBe('/app/cubic 3\n');
  const cache = execFileSync('/sbin/ldconfig', ['-p', '-C', join(root, 'etc/ld.so.cache')], { encoding: 'utf8' });
  expect(cache).toMatch(/libm\.so\.6 .*=> \/lib\/x86_64-linux-gnu\/libm\.so\.6/);
});

test('an application folder goes to /app and gets the libraries that it lacks', async () => {
  const path = folderWith({ 'data.txt': 'data' });
  compile('#include <stdio.h>\nint main(void) { return fopen("/app/link", "r") ? 0 : 1; }', join(path, 'reader'));
  symlinkSync('data.txt', join(path, 'link'));
  const image = await build({ kind: 'directory', path });
  expect(image.manifest.entryPoint.workingDirectory).toBe('/app');
  const { root } = extract(image);
  runInRoot(root, '/app/reader');
  expect(existsSync(join(root, 'lib64/ld-linux-x86-64.so.2'))).toBe(true);
});

test('a loader that is no program of this machine is not taken, whatever the application says', async () => {
  const secret = join(folder, 'credentials');
  writeFileSync(secret, 'a secret');
  const path = folderWith({});
  const program = compile('int main(void) { return 0; }', join(path, 'program'), `-Wl,--dynamic-linker=${secret}`);
  for (const source of [{ kind: 'directory', path } as const, { kind: 'hostProgram', path: program } as const]) {
    await expect(build(source)).rejects.toThrow(/credentials is no program of this machine/);
  }
});

test('a link of the source does not lead the builder to a folder of this machine', async () => {
  const mine = folderWith({ 'ldconfig/precious': 'mine' });
  // The same folder is in the image, so that the link leads somewhere there as well.
  const path = folderWith({ 'lib64/ld-linux-x86-64.so.2': 'a loader', 'var/a': 'a', [join(mine, 'b')]: 'b' });
  symlinkSync(mine, join(path, 'var/cache'));
  await build({ kind: 'directory', path });
  expect(readFileSync(join(mine, 'ldconfig/precious'), 'utf8')).toBe('mine');
});

test('an archive gives the image of its folder', async () => {
  const path = folderWith({ 'etc/a': 'a', 'usr/b': 'b' });
  const archive = join(folder, 'archive.tar.gz');
  execFileSync('tar', ['-C', path, '-czf', archive, '.']);
  const fromArchive = await build({ kind: 'archive', path: archive });
  const fromFolder = await build({ kind: 'directory', path });
  expect(fromArchive.manifest.root).toEqual(fromFolder.manifest.root);
  const sha256 = createHash('sha256').update('something else').digest('hex');
  await expect(build({ kind: 'archive', path: archive, sha256 })).rejects.toThrow(/has the digest/);
});

test('the OCI layout is one that can be followed by digests', async () => {
  const { ociLayoutPath, manifest } = await build({ kind: 'directory', path: folderWith({ 'etc/a': 'a' }) });
  const blob = (digest: string) => readFileSync(join(ociLayoutPath, 'blobs', digest.replace(':', '/')));
  const index = JSON.parse(readFileSync(join(ociLayoutPath, 'index.json'), 'utf8'));
  expect(index.manifests[0].digest).toBe(manifest.digest);
  const oci = JSON.parse(blob(manifest.digest).toString());
  for (const { digest, size } of [oci.config, ...oci.layers]) {
    expect(`sha256:${createHash('sha256').update(blob(digest)).digest('hex')}`).toBe(digest);
    expect(blob(digest).length).toBe(size);
  }
  const names = oci.layers.map(({ digest }: { digest: string }) =>
    execFileSync('tar', ['-t'], { input: blob(digest), encoding: 'utf8' })
      .trim()
      .split('\n'),
  );
  expect(names).toEqual([
    ['boot/', 'boot/osv.elf'],
    ['disk/', 'disk/root.img'],
  ]);
});

test.each<[string, Source, RegExp]>([
  ['a folder', { kind: 'directory', path: '/absent' }, /\/absent does not exist/],
  ['an archive', { kind: 'archive', path: '/absent.zip' }, /\/absent\.zip does not exist/],
  ['a program', { kind: 'hostProgram', path: '/absent' }, /\/absent does not exist/],
])('%s that is not there is named, and nothing is left behind', async (_, source, message) => {
  const cacheDirectory = join(folder, `failed${caches++}`);
  await expect(build(source, cacheDirectory)).rejects.toThrow(message);
  expect(readdirSync(join(cacheDirectory, 'images'))).toEqual([]);
  expect(readdirSync(join(cacheDirectory, 'tmp'))).toEqual([]);
});

test('a missing kernel is said to be missing', async () => {
  const options = { kernelPath: '/absent.elf', cacheDirectory: join(folder, 'nokernel') };
  await expect(buildImage({ kind: 'hostProgram', path: '/bin/true' }, options)).rejects.toThrow(/kernel \/absent\.elf/);
});
