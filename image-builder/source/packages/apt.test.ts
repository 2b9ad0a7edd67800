import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { temporaryFolder, writeFiles } from '../../testing/folders.ts';
import { Apt } from './apt.ts';

const folder = temporaryFolder();
const fileName = 'osv-probe_1_all.deb';
const repository: Record<string, Buffer> = {};
/** Of the package file, the server sends only the first half while this is set. */
let stalls = true;
let server: Server;

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** A repository with one package, as dpkg-scanpackages(1) would describe it. */
function fillRepository(): void {
  const control = 'Package: osv-probe\nVersion: 1\nArchitecture: all\nMaintainer: nobody\nDescription: a probe\n';
  const root = join(folder, 'probe');
  writeFiles(root, { 'DEBIAN/control': control, 'usr/share/probe': randomBytes(2 ** 20) });
  execFileSync('dpkg-deb', ['--build', '--root-owner-group', root, join(folder, fileName)], { stdio: 'pipe' });
  const file = readFileSync(join(folder, fileName));
  const place = `Filename: ./${fileName}\nSize: ${file.length}\nSHA256: ${sha256(file)}\n`;
  const packages = Buffer.from(`${control}${place}\n`);
  const release = `Date: ${new Date().toUTCString()}\nSHA256:\n ${sha256(packages)} ${packages.length} Packages\n`;
  Object.assign(repository, { [fileName]: file, Packages: packages, Release: Buffer.from(release) });
}

beforeAll(async () => {
  fillRepository();
  server = createServer(({ url = '' }, response) => {
    const name = url.split('/').at(-1) ?? '';
    const bytes = repository[name];
    if (!bytes) return response.writeHead(404).end();
    response.writeHead(200, { 'content-length': bytes.length });
    if (name === fileName && stalls) return response.write(bytes.subarray(0, bytes.length / 2));
    return response.end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  writeFiles(folder, {
    'sources.list': `deb [trusted=yes] http://127.0.0.1:${port}/ ./\n`,
    'apt.conf': `Dir::Etc::sourcelist "${folder}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Acquire::http::Proxy::127.0.0.1 "DIRECT";
`,
  });
  vi.stubEnv('APT_CONFIG', join(folder, 'apt.conf'));
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** Sizes of the package's files below a folder, wherever apt puts them. */
function sizesBelow(path: string): number[] {
  const names = readdirSync(path, { recursive: true }) as string[];
  return names.filter((name) => name.endsWith(fileName)).map((name) => statSync(join(path, name)).size);
}

test('a download that was interrupted leaves nothing that passes for a package', async () => {
  const directory = join(folder, 'apt');
  mkdirSync(directory);
  const abort = new AbortController();
  const apt = await Apt.create(directory, abort.signal);
  await apt.updateLists();
  const packages = await apt.resolve(['osv-probe']);
  expect(packages).toMatchObject([{ name: 'osv-probe', fileName }]);
  const interrupted = expect(apt.download(packages)).rejects.toMatchObject({ code: 'download' });
  await vi.waitFor(() => expect(sizesBelow(directory)).toEqual([expect.toSatisfy((size) => size > 0)]), 30_000);
  abort.abort();
  await interrupted;
  expect(sizesBelow(directory)).toEqual([]);

  stalls = false;
  const next = await Apt.create(directory);
  await next.download(packages);
  expect(readFileSync(join(next.archives, fileName)).equals(repository[fileName] as Buffer)).toBe(true);
});

test('an interruption is not the fault of the packages, their absence is', async () => {
  const directory = join(folder, 'apt-resolve');
  await (await Apt.create(directory)).updateLists();
  const reason = new Error('enough');
  const interrupted = await Apt.create(directory, AbortSignal.abort(reason));
  await expect(interrupted.resolve(['osv-probe'])).rejects.toBe(reason);
  for (const name of ['osv-absent', 'osv.probe']) {
    const absent = (await Apt.create(directory)).resolve([name]);
    await expect(absent).rejects.toMatchObject({ code: 'packages', message: `There is no Debian package ${name}` });
  }
});
