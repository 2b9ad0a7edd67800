import { createSocket } from 'node:dgram';
import { createServer, get } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { servicePorts } from './endpoints.ts';
import { startHttpProxy } from './http-proxy.ts';
import { hostsOf, loopbackMapping } from './loopback.ts';
import { PodAddresses } from './pod-addresses.ts';
import { TcpListener } from './tcp-listener.ts';
import { UdpListener } from './udp-listener.ts';

/** Not that of any cluster. */
const loopbackOf = loopbackMapping('127.199');

test('pods have loopback addresses with the same last bytes; others stay', () => {
  expect(loopbackOf('10.244.3.77')).toBe('127.199.3.77');
  expect(loopbackOf('10.245.3.77')).toBe('10.245.3.77');
  expect(loopbackOf('127.0.0.1')).toBe('127.0.0.1');
});

test('a range is counted without its first and last address', () => {
  expect([...hostsOf('10.244.16.0/30')]).toEqual(['10.244.16.1', '10.244.16.2']);
  expect([...hostsOf('10.244.0.0/20')]).toHaveLength(4094);
  expect(() => [...hostsOf('10.244.0.0')]).toThrow(/no range/);
});

test('an address that another agent has is passed over, and a released one comes again', async () => {
  const [first, second] = [new PodAddresses(loopbackOf), new PodAddresses(loopbackOf)];
  const range = '10.244.250.0/29';
  const lease = await first.lease(range);
  expect(lease.address).toBe('10.244.250.1');
  const other = await second.lease(range);
  expect(other.address).toBe('10.244.250.2');
  lease.release();
  other.release();
  for (let count = 0; count < 5; count++) await first.lease(range);
  const again = first.lease(range);
  expect(['10.244.250.1', '10.244.250.2']).toContain((await again).address);
  await expect(first.lease(range)).rejects.toMatchObject({ code: 'addresses-exhausted' });
});

const service = (spec: object) => ({ metadata: { name: 'redis', namespace: 'shop' }, spec }) as never;
const slice = (...endpoints: object[]) =>
  ({ metadata: { name: 's' }, addressType: 'IPv4', ports: [{ name: '', port: 6379 }], endpoints }) as never;

test('ending endpoints are used when no other is left', () => {
  const redis = service({ clusterIP: '127.96.7.7', ports: [{ port: 80, targetPort: 6379 }] });
  const ending = { addresses: ['10.244.0.1'], conditions: { ready: false, serving: true, terminating: true } };
  const ready = { addresses: ['10.244.0.2'], conditions: { ready: true } };
  const dead = { addresses: ['10.244.0.3'], conditions: { ready: false, serving: false } };
  const readyOf = (...endpoints: object[]) =>
    servicePorts(redis, [slice(...endpoints)])[0]?.backends.flatMap((each) => (each.ready ? each.address : []));
  expect(readyOf(ending, ready, dead)).toEqual(['10.244.0.2']);
  expect(readyOf(ending, dead)).toEqual(['10.244.0.1']);
  expect(servicePorts(service({ clusterIP: 'None', ports: [{ port: 80 }] }), [slice(ready)])).toEqual([]);
});

async function listen(host: string, answer: string): Promise<number> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', () => socket.write(answer));
  });
  onTestFinished(() => void server.close());
  return new Promise((resolve) => {
    server.listen({ host, port: 0 }, () => resolve((server.address() as AddressInfo).port));
  });
}

function ask(host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port }, () => socket.write('?'));
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString());
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed')));
  });
}

test('connections go to the ready endpoints in turn, and none is taken without one', async () => {
  const port = await listen('127.199.251.1', 'one');
  const other = await listen('127.199.251.2', 'two');
  const errors: Error[] = [];
  const listener = new TcpListener('127.199.251.9', 7000, { loopbackOf, onError: (error) => errors.push(error) });
  onTestFinished(() => listener.close());
  const one = { address: '10.244.251.1', port, ready: true };
  const two = { address: '10.244.251.2', port: other, ready: true };
  listener.update([one, two]);
  const answers = [await ask('127.199.251.9', 7000), await ask('127.199.251.9', 7000)];
  expect(answers.sort()).toEqual(['one', 'two']);
  listener.update([{ ...one, ready: false }, two]);
  expect(await ask('127.199.251.9', 7000)).toBe('two');
  listener.update([]);
  await expect(ask('127.199.251.9', 7000)).rejects.toThrow(/ECONNREFUSED/);
  expect(errors).toEqual([]);
});

test('a session ends with its endpoint, not with its readiness', async () => {
  const port = await listen('127.199.251.3', 'x');
  const listener = new TcpListener('127.199.251.8', 7000, { loopbackOf, onError: () => {} });
  onTestFinished(() => listener.close());
  const backend = { address: '10.244.251.3', port, ready: true };
  listener.update([backend]);
  const socket = connect({ host: '127.199.251.8', port: 7000 });
  const answered = () => new Promise((resolve) => socket.once('data', resolve));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write('?');
  await answered();
  listener.update([{ ...backend, ready: false }]);
  socket.write('?');
  await answered();
  listener.update([]);
  await closed;
});

test('UDP clients get the answers of their endpoint', async () => {
  const server = createSocket('udp4', (message, from) => server.send(`${message}!`, from.port, from.address));
  await new Promise<void>((resolve) => server.bind({ address: '127.199.251.4', port: 0 }, resolve));
  const listener = new UdpListener('127.199.251.7', 7000, { loopbackOf, onError: () => {} });
  const client = createSocket('udp4');
  onTestFinished(() => {
    listener.close();
    server.close();
    client.close();
  });
  listener.update([{ address: '10.244.251.4', port: server.address().port, ready: true }]);
  const answer = new Promise((resolve) => client.once('message', (message) => resolve(message.toString())));
  client.send('hello', 7000, '127.199.251.7');
  expect(await answer).toBe('hello!');
});

test.each([
  ['TCP', TcpListener],
  ['UDP', UdpListener],
] as const)('a %s port that somebody else has is tried again, and served when it is free', async (_, Listener) => {
  const backends = [{ address: '10.244.251.1', port: 1, ready: true }];
  const listener = () => {
    const errors: Error[] = [];
    const made = new Listener('127.199.251.6', 7000, { loopbackOf, onError: (error) => errors.push(error) });
    onTestFinished(() => made.close());
    return { errors, made };
  };
  const [first, second, third] = [listener(), listener(), listener()];
  first.made.update(backends);
  for (const count of [1, 2]) {
    second.made.update(backends);
    await expect.poll(() => second.errors.length).toBe(count);
  }
  expect(second.errors[0]).toMatchObject({ code: 'EADDRINUSE' });
  first.made.close();
  second.made.update(backends);
  third.made.update(backends);
  await expect.poll(() => third.errors.length).toBe(1);
  expect([first.errors, second.errors.length]).toEqual([[], 2]);
});

test('the proxy reaches pods by GET and by CONNECT, and Services by name', async () => {
  const server = createServer((incoming, answer) =>
    answer.end(`${incoming.method} ${incoming.url} ${incoming.headers.host}`),
  );
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen({ host: '127.199.251.5', port: 0 }, resolve));
  const { port } = server.address() as AddressInfo;
  const clusterAddress = (host: string) => (host === 'redis.shop.svc' ? '10.244.251.5' : undefined);
  const proxy = await startHttpProxy({ loopbackOf, clusterAddress });
  onTestFinished(() => proxy.close());
  const through = (path: string) =>
    new Promise<string>((resolve, reject) => {
      const { hostname, port: proxyPort } = new URL(proxy.url);
      get({ hostname, port: proxyPort, path }, (response) => {
        response.setEncoding('utf8').once('data', resolve);
      }).once('error', reject);
    });
  expect(await through(`http://10.244.251.5:${port}/metrics?a=b`)).toBe(`GET /metrics?a=b 10.244.251.5:${port}`);
  expect(await through(`http://redis.shop.svc:${port}/`)).toContain('GET / ');
  expect(await through('http://10.244.251.5:1/')).toMatch(/cannot be reached/);
  const { hostname, port: proxyPort } = new URL(proxy.url);
  const answer = await new Promise<string>((resolve) => {
    const socket = connect({ host: hostname, port: Number(proxyPort) });
    let text = '';
    socket.setEncoding('utf8').on('data', (data: string) => {
      text += data;
      if (text.endsWith('Established\r\n\r\n')) socket.write('GET /x HTTP/1.0\r\n\r\n');
    });
    socket.on('close', () => resolve(text));
    socket.write(`CONNECT 10.244.251.5:${port} HTTP/1.1\r\nHost: x\r\n\r\n`);
  });
  expect(answer).toMatch(/200 Connection Established\r\n\r\nHTTP[\s\S]*GET \/x/);
});
