import { execFileSync } from 'node:child_process';
import { createWriteStream, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { gzipSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';
import { expect, test } from 'vitest';
import { ZipFile } from 'yazl';
import { BlobStore, defaultLimits, type UnpackLimits } from '../../contents/blob-store.ts';
import { FileTree } from '../../contents/file-tree.ts';
import { readContent } from '../../contents/read-file.ts';
import { temporaryFolder } from '../../testing/folders.ts';
import { unpackArchive } from './archive.ts';

const folder = temporaryFolder();
let count = 0;

function fresh(suffix = ''): string {
  return join(folder, `${count++}${suffix}`);
}

async function tarFile(entries: (Partial<Header> & { name: string; text?: string })[]): Promise<string> {
  const tar = pack();
  for (const { text, ...header } of entries) tar.entry(header as Header, text ?? '');
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  const path = fresh('.tar.gz');
  writeFileSync(path, gzipSync(Buffer.concat(chunks)));
  return path;
}

async function zipFile(fill: (zip: ZipFile) => void): Promise<string> {
  const zip = new ZipFile();
  fill(zip);
  zip.end();
  const path = fresh('.zip');
  await pipeline(zip.outputStream, createWriteStream(path));
  return path;
}

async function unpack(path: string, limits: Partial<UnpackLimits> = {}): Promise<Record<string, string>> {
  const tree = new FileTree();
  await unpackArchive(path, tree, await BlobStore.create(fresh(), { ...defaultLimits, ...limits }));
  const shown: Record<string, string> = {};
  for (const [name, node] of tree.walk()) {
    if (node.type === 'file') shown[name] = (await readContent(node)).toString();
    if (node.type === 'symlink') shown[name] = `-> ${node.target}`;
  }
  return shown;
}

test('a tar.gz made by tar(1) is unpacked', async () => {
  const source = fresh();
  execFileSync('sh', [
    '-c',
    `mkdir -p ${source}/d && echo hi >${source}/d/f && ln -s f ${source}/d/l && ln ${source}/d/f ${source}/h`,
  ]);
  const path = fresh('.tgz');
  execFileSync('tar', ['-C', source, '-czf', path, '.']);
  expect(await unpack(path)).toEqual({ '/d/f': 'hi\n', '/d/l': '-> f', '/h': 'hi\n' });
});

test('a zip with folders and modes is unpacked', async () => {
  const path = await zipFile((zip) => {
    zip.addEmptyDirectory('d');
    zip.addBuffer(Buffer.from('hi'), 'd/f', { mode: 0o100755 });
    zip.addBuffer(Buffer.from('f'), 'd/l', { mode: 0o120777 });
  });
  expect(await unpack(path)).toEqual({ '/d/f': 'hi', '/d/l': '-> f' });
});

test.each([
  ['parent names', [{ name: '../evil', text: 'x' }], /leads out/],
  ['a hard link to the host', [{ name: 'a', type: 'link', linkname: '/etc/passwd' }], /no file of the image/],
  ['a link as root', [{ name: './', type: 'symlink', linkname: '/etc' }], 'root'],
] as const)('a tar with %s is refused', async (_, entries, message) => {
  await expect(unpack(await tarFile([...entries]))).rejects.toThrow(message);
});

test('what stands below a link out of the archive stays in the image', async () => {
  const path = await tarFile([
    { name: 'etc', type: 'directory' },
    { name: 'out', type: 'symlink', linkname: '../../../etc' },
    { name: 'out/passwd', text: 'mine' },
  ]);
  expect(await unpack(path)).toEqual({ '/etc/passwd': 'mine', '/out': '-> ../../../etc' });
});

test('device nodes are left out', async () => {
  const path = await tarFile([
    { name: 'sda', type: 'block-device', devmajor: 8, devminor: 0 },
    { name: 'f', text: 'x' },
  ]);
  expect(await unpack(path)).toEqual({ '/f': 'x' });
});

test('bytes, names and the ratio are bounded', async () => {
  const zeros = await tarFile([{ name: 'zeros', text: '\0'.repeat(2_000_000) }]);
  await expect(unpack(zeros, { bytesMax: 1_000_000 })).rejects.toThrow(/more than 1000000 bytes/);
  await expect(unpack(zeros, { ratioFloorBytes: 1000, ratioMax: 50 })).rejects.toThrow(/50 times/);
  const many = await tarFile(Array.from({ length: 30 }, (_, index) => ({ name: `f${index}`, text: '' })));
  await expect(unpack(many, { entriesMax: 20 })).rejects.toThrow(/more than 20 files/);
});

test('a file counts once more for each further name of it', async () => {
  const path = await tarFile([
    { name: 'f', text: 'x'.repeat(300_000) },
    ...Array.from({ length: 4 }, (_, index) => ({ name: `f${index}`, type: 'link', linkname: 'f' }) as const),
  ]);
  await expect(unpack(path, { bytesMax: 1_400_000 })).rejects.toThrow(/more than 1400000 bytes/);
  expect(Object.keys(await unpack(path, { bytesMax: 1_500_000 }))).toHaveLength(5);
});

test('a zip with the same name twice is refused', async () => {
  const path = await zipFile((zip) => {
    zip.addBuffer(Buffer.from('1'), 'f');
    zip.addBuffer(Buffer.from('2'), 'f');
  });
  await expect(unpack(path)).rejects.toThrow(/twice/);
});

test('a zip whose entries share bytes is refused', async () => {
  const path = await zipFile((zip) => {
    zip.addBuffer(Buffer.alloc(5000, 1), 'a');
    zip.addBuffer(Buffer.alloc(5000, 1), 'b');
  });
  const bytes = readFileSync(path);
  // Central directory header (APPNOTE.TXT 4.3.12): the local header's offset stands 42 bytes after the signature.
  const second = bytes.lastIndexOf('PK\x01\x02', undefined, 'latin1');
  bytes.writeUInt32LE(0, second + 42);
  writeFileSync(path, bytes);
  await expect(unpack(path)).rejects.toThrow(/overlaps/);
});

test.each(['.tar.gz', '.zip'])('a truncated %s is refused', async (suffix) => {
  const whole =
    suffix === '.zip'
      ? await zipFile((zip) => zip.addBuffer(Buffer.alloc(10_000, 7), 'f'))
      : await tarFile([{ name: 'f', text: 'y'.repeat(10_000) }]);
  const bytes = readFileSync(whole);
  const path = fresh(suffix);
  writeFileSync(path, bytes.subarray(0, bytes.length - 30));
  await expect(unpack(path)).rejects.toMatchObject({ code: 'bad-archive' });
});

test.each(['.tar.gz', '.zip'])(
  'what the disk refuses while a %s is unpacked is not the fault of the archive',
  async (suffix) => {
    const path =
      suffix === '.zip'
        ? await zipFile((zip) => zip.addBuffer(Buffer.from('hi'), 'f'))
        : await tarFile([{ name: 'f', text: 'hi' }]);
    const directory = fresh();
    const blobs = await BlobStore.create(directory);
    rmSync(directory, { recursive: true });
    await expect(unpackArchive(path, new FileTree(), blobs)).rejects.toMatchObject({ code: 'ENOENT', syscall: 'open' });
  },
);

test('a zip whose bytes do not have their checksum is refused', async () => {
  const path = await zipFile((zip) => zip.addBuffer(Buffer.from('before after'), 'f', { compress: false }));
  const bytes = readFileSync(path);
  bytes.write('B', bytes.indexOf('before'));
  writeFileSync(path, bytes);
  await expect(unpack(path)).rejects.toMatchObject({ code: 'bad-archive', message: 'The zip entry "f" is damaged' });
});

test.each(['posix', 'gnu'])('a sparse file of tar -S is refused, in the format %s', async (format) => {
  const source = fresh();
  execFileSync('sh', ['-c', `mkdir ${source} && truncate -s 1M ${source}/holes && echo end >>${source}/holes`]);
  const path = fresh('.tar.gz');
  execFileSync('tar', ['-C', source, '-S', `--format=${format}`, '-czf', path, '.']);
  await expect(unpack(path)).rejects.toMatchObject({ code: 'bad-archive', message: expect.stringMatching(/holes/) });
});

test('other files and absent ones are named', async () => {
  const path = fresh('.txt');
  writeFileSync(path, 'hello');
  await expect(unpack(path)).rejects.toThrow(/neither a zip nor a tar\.gz/);
  await expect(unpack(join(folder, 'absent'))).rejects.toThrow(/does not exist/);
});
