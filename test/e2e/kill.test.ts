import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Osv, untilText } from './support/osv.ts';
import { compile } from './support/programs.ts';

const osv = Osv.create();

/** From the command's first instruction to well after the guest runs. */
const momentsMilliseconds = [0, 40, 80, 120, 160, 200, 250, 300, 350, 400, 500, 600, 800, 1000, 1500];

test.each(momentsMilliseconds)('SIGKILL to the command after %d ms leaves no machine behind', async (moment) => {
  const child = osv.start('run', compile('wait'));
  await delay(moment);
  child.kill('SIGKILL');
  await once(child, 'exit');
  await expect.poll(() => osv.processes(), { timeout: 10_000 }).toEqual([]);
});

test('SIGKILL to the command while the program runs ends the guest, and the next command knows', async () => {
  const child = osv.start('run', '--name', 'victim', compile('wait'));
  await untilText(child.stdout, 'waiting\n');
  child.kill('SIGKILL');
  await expect.poll(() => osv.processes(), { timeout: 10_000 }).toEqual([]);
  const record = (await osv.instances()).find(({ name }) => name === 'victim');
  expect(record).toMatchObject({ state: 'exited', exit: { code: 137, reason: 'supervisor-died' } });
  expect(osv.addresses()).toEqual([]);
});

test('a detached instance outlives its command, and SIGKILL to its supervisor ends it', async () => {
  expect(await osv.must('run', '-d', '--name', 'detached', compile('wait'))).toBe('detached\n');
  await expect.poll(() => osv.must('logs', 'detached'), { timeout: 30_000 }).toContain('waiting');
  const record = (await osv.instances()).find(({ name }) => name === 'detached');
  expect(record?.state).toBe('running');
  process.kill(record?.supervisor?.pid as number, 'SIGKILL');
  await expect.poll(() => osv.processes(), { timeout: 10_000 }).toEqual([]);
});

test('stop is SIGTERM first, and the power switch after the grace period', async () => {
  await osv.must('run', '-d', '--name', 'polite', compile('wait'));
  await osv.must('run', '-d', '--name', 'stubborn', compile('wait'), 'stubborn');
  for (const name of ['polite', 'stubborn']) {
    await expect.poll(() => osv.must('logs', name), { timeout: 30_000 }).toContain('waiting');
  }
  await osv.must('stop', '-t', '5', 'polite', 'stubborn');
  const exits = Object.fromEntries((await osv.instances()).map(({ name, exit }) => [name, exit]));
  expect(exits.polite).toMatchObject({ code: 143, reason: 'stopped' });
  expect(exits.stubborn).toMatchObject({ code: 137, reason: 'stopped' });
  expect(osv.processes()).toEqual([]);
});
