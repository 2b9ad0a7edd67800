import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { afterAll, expect, test } from 'vitest';
import { Osv, resultOf, tool, untilText } from './support/osv.ts';
import { compile } from './support/programs.ts';

/** A PATH with these tools alone. */
function toolFolder(names: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'osv-tools-'));
  for (const name of names) symlinkSync(tool('sh', ['-c', `command -v ${name}`]).trim(), join(folder, name));
  afterAll(() => rmSync(folder, { recursive: true }));
  return folder;
}
const needed = ['qemu-system-x86_64', 'setpriv', 'genisoimage', 'mkfs.erofs'];
const withoutPasst = toolFolder(needed);
/** As in a chroot, where nobody may make a user namespace: unshare(1) fails, and so would passt. */
const confined = toolFolder([...needed, 'passt']);
symlinkSync('/bin/false', join(confined, 'unshare'));

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen({ host: '127.0.0.1', port: 0 }, () => resolve((server.address() as AddressInfo).port));
  });
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test.each([
  ['passt', Osv.create(), 'passt'],
  ["QEMU's user networking, where passt is not installed", Osv.create({ PATH: withoutPasst }), 'hostfwd'],
  ["QEMU's user networking, where passt cannot start", Osv.create({ PATH: confined }), 'hostfwd'],
])('a published port is reached by %s', async (_, osv, mark) => {
  const port = await freePort();
  const child = osv.start('run', '-p', `${port}:7000`, compile('serve'));
  const ended = resultOf(child);
  await untilText(child.stdout, 'listening\n');
  expect(osv.processes().some((line) => line.includes(mark))).toBe(true);
  const socket = connect({ host: '127.0.0.1', port });
  socket.end('there and back');
  expect(await text(socket)).toBe('there and back');
  expect((await ended).code).toBe(0);
  expect(osv.processes()).toEqual([]);
});

test.each([
  ['passt', []],
  ["QEMU's user networking", ['--user-network']],
])('a datagram goes there and back by %s', async (_, flags) => {
  const osv = Osv.create();
  const child = osv.start('run', ...flags, '--name', 'server', '-p', '7000/udp', compile('answer-datagram'));
  const ended = resultOf(child);
  await untilText(child.stdout, 'listening\n');
  const [record] = await osv.instances();
  expect(await osv.must('ps')).toMatch(/ 7000\/udp,9180 /);
  const socket = createSocket('udp4');
  const answer = once(socket, 'message');
  socket.send('there and back', 7000, record?.address);
  expect(String((await answer)[0])).toBe('there and back');
  socket.close();
  expect((await ended).code).toBe(0);
});

test.each([
  ['passt', []],
  ["QEMU's user networking", ['--user-network']],
])('what a program has written before its end arrives whole by %s', async (_, flags) => {
  const osv = Osv.create();
  const port = await freePort();
  const size = 3_000_000;
  const child = osv.start('run', ...flags, '-p', `${port}:7000`, compile('last-words'), String(size));
  const ended = resultOf(child);
  await untilText(child.stdout, 'listening\n');
  const socket = connect({ host: '127.0.0.1', port });
  socket.end('?');
  expect((await buffer(socket)).length).toBe(size);
  expect((await ended).code).toBe(0);
});

// More than the device's queue takes at once, and more acknowledgements than passt keeps.
test('many clients at once get all of a large answer', async () => {
  const osv = Osv.create();
  const port = await freePort();
  const [size, clients] = [1_000_000, 60];
  const child = osv.start('run', '-p', `${port}:7000`, compile('downloads'), String(size), String(clients));
  const ended = resultOf(child);
  await untilText(child.stdout, 'listening\n');
  const sizes = Array.from({ length: clients }, async () => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.write('?');
    return (await buffer(socket)).length;
  });
  expect(await Promise.all(sizes)).toEqual(Array(clients).fill(size));
  expect((await ended).code).toBe(0);
});

test('a server that speaks first is heard where passt is not asked for', async () => {
  const osv = Osv.create();
  const port = await freePort();
  const child = osv.start('run', '--user-network', '-p', `${port}:7000`, compile('serve'), 'welcome');
  const ended = resultOf(child);
  await untilText(child.stdout, 'listening\n');
  expect(await text(connect({ host: '127.0.0.1', port }))).toBe('welcome');
  expect((await ended).code).toBe(0);
});

test('a bare port is on the address of the instance', async () => {
  const osv = Osv.create();
  await osv.must('run', '-d', '--name', 'server', '-p', '7000', compile('serve'));
  const [record] = await osv.instances();
  await expect.poll(() => osv.must('logs', 'server'), { timeout: 30_000 }).toContain('listening');
  const socket = connect({ host: record?.address as string, port: 7000 });
  socket.end('x');
  expect(await text(socket)).toBe('x');
});
