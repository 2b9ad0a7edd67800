import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { Osv, root } from './support/osv.ts';

const osv = Osv.create();
const redis = join(root, 'examples', 'redis.yaml');
const memcached = join(root, 'examples', 'memcached.yaml');

test('replicas have addresses of their own, and each answers', async () => {
  await osv.must('up', '--replicas', '2', memcached);
  const addresses = (await osv.instances()).map(({ address }) => address as string);
  expect(new Set(addresses).size).toBe(2);
  for (const host of addresses) {
    const socket = connect({ host, port: 11211 });
    socket.write('set a 0 0 3\r\nabc\r\nget a\r\nquit\r\n');
    expect(await text(socket)).toBe('STORED\r\nVALUE a 0 3\r\nabc\r\nEND\r\n');
  }
  await osv.must('rm', '-f', 'memcached');
  expect(osv.processes()).toEqual([]);
});

test('twenty cycles of up and stop leave no process, no address and no folder', async () => {
  for (let cycle = 0; cycle < 20; cycle++) {
    await osv.must('up', redis);
    await osv.must('stop', 'redis');
    await osv.must('rm', 'redis');
    expect(osv.processes()).toEqual([]);
    expect(osv.addresses()).toEqual([]);
    expect(await osv.instances()).toEqual([]);
  }
}, 600_000);
