import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { runProbe } from './probe.ts';

async function portOf(server: Server): Promise<number> {
  onTestFinished(() => void server.close());
  return new Promise((resolve) => {
    server.listen({ host: '127.0.0.1', port: 0 }, () => resolve((server.address() as AddressInfo).port));
  });
}

const tcp = (port: number) => runProbe({ kind: 'tcp', host: '127.0.0.1', port }, 50);

test('a connection that stays open is a sign of life', async () => {
  expect(await tcp(await portOf(createServer((socket) => void socket.on('error', () => {}))))).toMatchObject({
    ready: true,
  });
});

test('one that a forwarder accepts and then drops is none', async () => {
  expect(await tcp(await portOf(createServer((socket) => socket.resetAndDestroy())))).toMatchObject({ ready: false });
  expect(await tcp(await portOf(createServer((socket) => socket.end())))).toMatchObject({ ready: false });
});

test('nobody listens', async () => {
  expect(await tcp(1)).toEqual({ ready: false, failure: 'refuses connections' });
});

test.each([
  [200, true],
  [302, true],
  [404, false],
  [503, false],
])('a status of %d means ready: %s', async (status, ready) => {
  const server = createHttpServer((_, response) => response.writeHead(status).end());
  const port = await portOf(server);
  const probe = { kind: 'http', host: '127.0.0.1', port, path: '/', timeoutMilliseconds: 5000 } as const;
  expect(await runProbe(probe, 0)).toMatchObject({ ready });
});
