import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { buildImage } from '../../index.ts';
import { temporaryFolder, writeFiles } from '../../testing/folders.ts';
import { download } from './download.ts';

const folder = temporaryFolder();
const seen: { host: string; path: string; authorization: string | undefined }[] = [];
const servers: Server[] = [];
let archive: Buffer;

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function serve(answer: Answer): Promise<string> {
  const server = createServer((request, response) => {
    const { host = '', authorization } = request.headers;
    seen.push({ host, path: request.url ?? '', authorization });
    answer(request, response);
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

beforeAll(() => {
  writeFiles(join(folder, 'app'), { 'etc/a': 'a' });
  execFileSync('tar', ['-C', join(folder, 'app'), '-czf', join(folder, 'app.tar.gz'), '.']);
  archive = readFileSync(join(folder, 'app.tar.gz'));
  mkdirSync(join(folder, 'cache'));
  writeFileSync(join(folder, 'osv.elf'), 'a kernel');
});

const file: Answer = (_, response) => response.end(archive);
const redirect =
  (location: string): Answer =>
  (_, response) =>
    response.writeHead(302, { location }).end();
const target = () => join(folder, 'downloaded');

test('an archive from a server becomes an image; with its digest, it is fetched once', async () => {
  const host = await serve(file);
  const sha256 = createHash('sha256').update(archive).digest('hex');
  const options = { kernelPath: join(folder, 'osv.elf'), cacheDirectory: join(folder, 'cache') };
  const source = { kind: 'remoteArchive', url: `http://${host}/app.tar.gz` } as const;
  const image = await buildImage({ ...source, sha256 }, options);
  expect(seen.length).toBe(1);
  expect(await buildImage({ ...source, sha256 }, options)).toEqual(image);
  expect(seen.length).toBe(1);
  expect(await buildImage(source, options)).toEqual(image);
  const wrong = buildImage({ ...source, sha256: '0'.repeat(64) }, options);
  await expect(wrong).rejects.toMatchObject({ code: 'bad-archive', message: expect.stringMatching(/has the digest/) });
});

test('a tar.gz that its server calls gzip-encoded stays as it is', async () => {
  const host = await serve((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(archive));
  const sha256 = createHash('sha256').update(archive).digest('hex');
  expect(await download(`http://${host}/app.tar.gz`, target())).toBe(sha256);
  expect(readFileSync(target())).toEqual(archive);
});

test('credentials are for the origin that they were given for, and for no other', async () => {
  seen.length = 0;
  const elsewhere = await serve(file);
  const host = await serve((request, response) => {
    const next = request.url === '/1' ? '/2' : `http://${elsewhere}/app`;
    redirect(next)(request, response);
  });
  await download(`http://user:p%40ss@${host}/1`, target());
  const authorization = `Basic ${Buffer.from('user:p@ss').toString('base64')}`;
  expect(seen).toEqual([
    { host, path: '/1', authorization },
    { host, path: '/2', authorization },
    { host: elsewhere, path: '/app', authorization: undefined },
  ]);
  expect(readFileSync(target()).equals(archive)).toBe(true);
});

test.each<[string, Answer, RegExp]>([
  ['an error', (_, response) => response.writeHead(404).end(), /answers 404/],
  ['redirects without end', redirect('/again'), /redirects more than 5 times/],
  ['a redirect to a file', redirect('file:///etc/passwd'), /less safe/],
  ['a redirect to nowhere', (_, response) => response.writeHead(301).end(), /to nowhere/],
  ['too much', (_, response) => response.end(Buffer.alloc(1001)), /larger than 1000 bytes/],
  ['silence', () => {}, /no answer for 0\.2 s/],
  ['silence after a beginning', (_, response) => response.write('x'), /no answer for 0\.2 s/],
  ['an end too early', (request) => request.socket.destroy(), /cannot be downloaded/],
])('%s is an error', async (_, answer, message) => {
  const host = await serve(answer);
  const limits = { bytesMax: 1000, silenceMilliseconds: 200 };
  const downloading = download(`http://user:secret@${host}/x`, target(), { limits });
  await expect(downloading).rejects.toMatchObject({ code: 'download', message: expect.stringMatching(message) });
  await expect(downloading).rejects.not.toThrow(/secret/);
});

test('a server that is not there, and what is no URL', async () => {
  const host = await serve(file);
  await new Promise((resolve) => servers.pop()?.close(resolve));
  await expect(download(`http://${host}/x`, target())).rejects.toThrow(/\/x cannot be downloaded: .*ECONNREFUSED/);
  await expect(download('https://', target())).rejects.toMatchObject({ code: 'bad-source' });
  await expect(download('ftp://host/x', target())).rejects.toMatchObject({ code: 'bad-source' });
});

test('an interrupted download ends with the reason of the interruption', async () => {
  const host = await serve(() => {});
  const controller = new AbortController();
  const downloading = download(`http://${host}/x`, target(), { signal: controller.signal });
  controller.abort(new Error('enough'));
  await expect(downloading).rejects.toThrow('enough');
});

test.each([
  ['file:///etc/passwd', /no http or https URL/],
  ['http://user:100%@127.0.0.1:1/app.zip', /User or password in http:\/\/127.0.0.1:1\/app.zip .*%25/],
])('%s is refused at once, and nothing keeps the process', async (address, sentence) => {
  vi.useFakeTimers();
  try {
    await expect(download(address, join(folder, 'refused'))).rejects.toMatchObject({
      code: 'bad-source',
      message: expect.stringMatching(sentence),
    });
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});
