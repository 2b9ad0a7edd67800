import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { passtArguments, procAddress, startPasst } from './passt.ts';

const forward = { hostAddress: '127.77.254.9', hostPort: 16379, guestPort: 6379 };

test('each port is forwarded with its address', () => {
  expect(passtArguments([forward]).join(' ')).toContain('-t 127.77.254.9/16379:6379');
  expect(passtArguments([]).join(' ')).toContain('-t none');
});

test('ranges and UDP ports come beside them', () => {
  const tcpRanges = [{ hostAddress: '127.244.0.9', first: 1, last: 3000 }];
  const addresses = { address: '10.0.2.2', prefixLength: 24, gateway: '10.0.2.1', nameserver: '10.0.2.1' };
  const words = passtArguments([{ ...forward, protocol: 'UDP' }], { tcpRanges, addresses }).join(' ');
  expect(words).toContain('-t 127.244.0.9/1-3000');
  expect(words).toContain('-u 127.77.254.9/16379:6379');
  expect(words).toContain('-a 10.0.2.2 -n 24 -g 10.0.2.1');
  expect(words).not.toContain('none');
});

test('addresses are written as /proc/net/tcp has them', () => {
  expect(procAddress('127.0.0.1', 80)).toBe('0100007F:0050 00000000:0000 0A');
  expect(procAddress('127.0.0.1', 53, 'UDP')).toBe('0100007F:0035 00000000:0000 07');
});

test('passt listens when it has started, and ends with the last holder of its socket', async () => {
  const folder = await temporaryFolder();
  const { hostAddress, hostPort } = forward;
  const passt = await startPasst('passt', [forward, { ...forward, protocol: 'UDP' }], join(folder, 'log'));
  expect(await readFile('/proc/net/tcp', 'utf8')).toContain(procAddress(hostAddress, hostPort));
  expect(await readFile('/proc/net/udp', 'utf8')).toContain(procAddress(hostAddress, hostPort, 'UDP'));
  passt.socket.destroy();
  const [code] = await once(passt.process, 'exit');
  expect(code).toBe(0);
});

test('passt that cannot start is an error', async () => {
  const folder = await temporaryFolder();
  await expect(startPasst('/nonexistent/passt', [forward], join(folder, 'log'))).rejects.toThrow(/did not start/);
});
