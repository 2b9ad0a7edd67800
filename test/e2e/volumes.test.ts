import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Osv, root, tool } from './support/osv.ts';

const osv = Osv.create();

/** examples/redis.yaml, with a volume that takes every write before it is answered. */
const app = join(osv.state, 'redis.yaml');
const example = readFileSync(join(root, 'examples', 'redis.yaml'), 'utf8');
const durable = '--appendonly, "yes", --appendfsync, always, --auto-aof-rewrite-percentage, "0", --dir, /data';
writeFileSync(
  app,
  `${example.replace('--appendonly, "no"', durable)}\n  volumes:\n    - {name: data, mountPath: /data, size: 64Mi}\n`,
);
const disk = join(osv.state, 'osv', 'volumes', 'redis-0', 'data.raw');

async function redis(words: string, input?: string): Promise<string> {
  const record = (await osv.instances()).find(({ name }) => name === 'redis-0');
  return tool('redis-cli', ['-h', record?.address as string, ...words.split(' ').filter(Boolean)], input);
}

/** "" when e2fsck finds nothing to mend on the disk as it lies there. */
function problems(): string {
  const { status, stdout } = spawnSync('e2fsck', ['-fn', disk], { encoding: 'utf8' });
  return status === 0 ? '' : stdout;
}

test('a blank volume is formatted, and what Redis wrote is there after a stop', async () => {
  await osv.must('up', app);
  expect(await redis('set first kept')).toBe('OK\n');
  await osv.must('stop', 'redis');
  expect(problems()).toBe('');
  await osv.must('up', app);
  expect(await redis('get first')).toBe('kept\n');
  expect(await osv.must('logs', '--kernel', 'redis')).not.toContain('formatted');
});

test('what was answered is there after the machine was killed', async () => {
  // One connection, and an answer to each before the next.
  const sets = Array.from({ length: 200 }, (_, i) => `set key${i} value${i}\n`).join('');
  expect(await redis('', sets)).toBe('OK\n'.repeat(200));
  const record = (await osv.instances()).find(({ name }) => name === 'redis-0');
  process.kill(record?.supervisor?.pid as number, 'SIGKILL');
  await expect.poll(() => osv.processes(), { timeout: 10_000 }).toEqual([]);
  await osv.must('up', app);
  expect(await redis('get first')).toBe('kept\n');
  expect(await redis('get key199')).toBe('value199\n');
  await osv.must('stop', 'redis');
  expect(problems()).toBe('');
});

test('rm removes the volume, and nothing else does', async () => {
  expect(readdirSync(join(osv.state, 'osv', 'volumes'))).toEqual(['redis-0']);
  await osv.must('rm', 'redis');
  expect(readdirSync(join(osv.state, 'osv', 'volumes'))).toEqual([]);
});
