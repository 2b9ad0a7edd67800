import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { parsePublishedPort, requireFreePorts } from './ports.ts';

test.each([
  ['8080:80', { hostAddress: '127.0.0.1', hostPort: 8080, guestPort: 80 }],
  ['0.0.0.0:8080:80/tcp', { hostAddress: '0.0.0.0', hostPort: 8080, guestPort: 80 }],
  ['6379', { guestPort: 6379 }],
  ['5353:53/udp', { hostAddress: '127.0.0.1', hostPort: 5353, guestPort: 53, protocol: 'UDP' }],
  ['53/UDP', { guestPort: 53, protocol: 'UDP' }],
])('%s', (text, expected) => {
  expect(parsePublishedPort(text)).toEqual(expected);
});

test.each(['', ':', '80:', 'a:80', '80:80:80', '0:80', '80:65536', '53:53/sctp'])('%j is refused', (text) => {
  expect(() => parsePublishedPort(text)).toThrow(/port/);
});

test('a port that somebody listens on is named', async () => {
  const server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen({ host: '127.0.0.1', port: 0 }, () => resolve((server.address() as { port: number }).port));
  });
  const forward = { hostAddress: '127.0.0.1', hostPort: port, guestPort: 80 };
  await expect(requireFreePorts([forward])).rejects.toThrow(`Port 127.0.0.1:${port} is in use by another program`);
  await new Promise((resolve) => server.close(resolve));
  await requireFreePorts([forward]);
});

test('a port is in use for one protocol at a time', async () => {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  const forward = { hostAddress: '127.0.0.1', hostPort: port, guestPort: 53, protocol: 'UDP' as const };
  await expect(requireFreePorts([forward])).rejects.toThrow(`Port 127.0.0.1:${port}/udp is in use by another program`);
  await new Promise<void>((resolve) => socket.close(resolve));
  await requireFreePorts([forward]);
});

test('an address of another machine is refused', async () => {
  const forward = { hostAddress: '203.0.113.9', hostPort: 8080, guestPort: 80 };
  await expect(requireFreePorts([forward])).rejects.toThrow('203.0.113.9 is no address of this machine.');
});
