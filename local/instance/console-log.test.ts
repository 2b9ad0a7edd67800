import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { ConsoleLog } from './console-log.ts';

test('a log keeps what it was given, and its older part when it grows', async () => {
  const path = join(await temporaryFolder(), 'log');
  const log = new ConsoleLog(path, 10);
  for (const text of ['12345', '67890', 'abc']) await log.write(Buffer.from(text));
  await log.close();
  expect(await readFile(`${path}.1`, 'utf8')).toBe('1234567890');
  expect(await readFile(path, 'utf8')).toBe('abc');
});

test('a full disk ends the log, not whoever writes to it', async () => {
  const log = new ConsoleLog('/dev/full');
  for (let round = 0; round < 100; round++) await log.write(Buffer.alloc(65_536));
  await log.close();
  expect(log.failure?.message).toContain('ENOSPC');
});
