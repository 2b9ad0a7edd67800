import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type KubeletServer, startKubeletServer } from './kubelet-server.ts';

const lines = Array.from({ length: 200_000 }, (_, index) => `line ${index} of a long log`);

let folder: string;
let server: KubeletServer;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osv-kubelet-test-'));
  const path = join(folder, 'log');
  await writeFile(path, `${lines.join('\n')}\n`);
  server = await startKubeletServer({
    findLog: ({ name }, container) =>
      name === 'redis' && container === 'main' ? { path, isOpen: () => false } : undefined,
    certificate: undefined,
  });
});

afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

function request(path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port: server.port, path, rejectUnauthorized: false }, resolve).once('error', reject);
  });
}

test('a long log comes whole, without a listener left for each part of it', async () => {
  const warnings: string[] = [];
  const note = ({ message }: Error) => warnings.push(message);
  process.on('warning', note);
  const answer = await request('/containerLogs/shop/redis/main');
  expect((await text(answer)).split('\n').slice(0, -1)).toEqual(lines);
  process.off('warning', note);
  expect(warnings.filter((message) => message.includes('leak'))).toEqual([]);
});

test('the last lines of a log, and no more bytes than asked for', async () => {
  const tail = await request('/containerLogs/shop/redis/main?tailLines=2');
  expect(await text(tail)).toBe(`${lines.slice(-2).join('\n')}\n`);
  const start = await request('/containerLogs/shop/redis/main?limitBytes=6');
  expect(await text(start)).toBe('line 0');
});

test('there is no log of a container that is not there', async () => {
  const answer = await request('/containerLogs/shop/redis/other');
  expect(answer.statusCode).toBe(404);
  expect(await text(answer)).toBe('no log of other in shop/redis\n');
});

test('the log of an earlier run is refused, not replaced by that of the last one', async () => {
  const answer = await request('/containerLogs/shop/redis/main?previous=true');
  expect(answer.statusCode).toBe(400);
  expect(await text(answer)).toMatch(/last run of main in shop\/redis only/);
});
