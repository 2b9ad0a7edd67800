import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { reservePorts } from './ports.ts';

test('a name keeps its port, and two names have two', async () => {
  const block = await reservePorts();
  const first = block.port('etcd');
  expect(block.port('api-server')).not.toBe(first);
  expect(block.port('etcd')).toBe(first);
  await block.release();
});

test('two blocks share no port, although both would begin at the same place', async () => {
  const [one, other] = await Promise.all([reservePorts(() => 0.5), reservePorts(() => 0.5)]);
  expect(Math.abs(one.port('a') - other.port('a'))).toBeGreaterThanOrEqual(32);
  await Promise.all([one.release(), other.release()]);
});

test('a block in which somebody listens is passed over', async () => {
  const probe = await reservePorts(() => 0.25);
  const taken = probe.port('a');
  await probe.release();
  const server = createServer().listen(taken, '127.0.0.1');
  await once(server, 'listening');
  const block = await reservePorts(() => 0.25);
  expect(block.port('a')).not.toBe(taken);
  await block.release();
  server.close();
});

test('the kernel gives none of them to an outgoing connection', async () => {
  const block = await reservePorts(() => 0.999);
  expect(block.port('last')).toBeLessThan(32_768);
  await block.release();
});
