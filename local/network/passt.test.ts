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

test('addresses are written as /proc/net/tcp has them', () => {
  expect(procAddress('127.0.0.1', 80)).toBe('0100007F:0050 00000000:0000 0A');
});

test('passt listens when it has started, and ends with the last holder of its socket', async () => {
  const folder = await temporaryFolder();
  const passt = await startPasst('passt', [forward], join(folder, 'log'));
  expect(await readFile('/proc/net/tcp', 'utf8')).toContain(procAddress(forward.hostAddress, forward.hostPort));
  passt.socket.destroy();
  const [code] = await once(passt.process, 'exit');
  expect(code).toBe(0);
});

test('passt that cannot start is an error', async () => {
  const folder = await temporaryFolder();
  await expect(startPasst('/nonexistent/passt', [forward], join(folder, 'log'))).rejects.toThrow(/did not start/);
});
