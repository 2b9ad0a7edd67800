import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identifyProcess } from '@osv/local/instance/process-identity.ts';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type ManagedProcess, manageProcess, type ProcessSpec } from './managed-process.ts';

let folder: string;
let started: ManagedProcess[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osv-process-'));
  started = [];
});

afterEach(async () => {
  for (const process of started) await process.stop('SIGKILL');
  await rm(folder, { recursive: true });
});

/** A shell script as a process; it is ready when it has written its process number into the file `ready`. */
function shell(script: string, spec: Partial<ProcessSpec> = {}): ManagedProcess {
  const process = manageProcess({
    name: 'program',
    program: '/bin/sh',
    args: ['-c', script],
    folder,
    logPath: join(folder, 'program.log'),
    pidPath: join(folder, 'pid'),
    ready: async () => Number(await readFile(join(folder, 'ready'), 'utf8')) === process.pid,
    ...spec,
  });
  started.push(process);
  return process;
}

const lives = (pid: number) => identifyProcess(pid) !== undefined;

test('starts, is ready, is restarted with another process number, stops; one log for all lives', async () => {
  const program = shell('echo born; echo $$ >ready; exec sleep 1000');
  await program.start();
  const first = program.pid as number;
  expect(await readFile(join(folder, 'pid'), 'utf8')).toBe(`${first}`);
  await program.start();
  expect(program.pid).toBe(first);
  await program.restart('SIGKILL');
  expect(program.pid).not.toBe(first);
  expect(lives(first)).toBe(false);
  await program.stop();
  expect(program.pid).toBeUndefined();
  expect(existsSync(join(folder, 'pid'))).toBe(false);
  expect(await readFile(program.logPath, 'utf8')).toBe('born\nborn\n');
});

test('one that ends during its start is told with its last words', async () => {
  const program = shell('echo cannot open the shop >&2; exit 3');
  await expect(program.start()).rejects.toMatchObject({
    code: 'process-ended',
    message: expect.stringMatching(/^program ended with status 3; its last words, .*:\n {2}cannot open the shop$/),
  });
  expect(program.pid).toBeUndefined();
});

test('one that never answers is ended, and the reason is told', async () => {
  const program = shell('exec sleep 1000', {
    ready: () => Promise.reject(new Error('connection refused')),
    readySecondsMax: 0.3,
  });
  await expect(program.start()).rejects.toMatchObject({
    code: 'not-ready',
    message: expect.stringMatching(/"program answers" did not come true within 0\.3 s \(connection refused\)/),
  });
  expect(program.pid).toBeUndefined();
});

test('a program that is not there is told by its name', async () => {
  const program = shell('', { program: '/nowhere/at-all', args: [] });
  await expect(program.start()).rejects.toThrow(/program ended with status 12\d; .*\/nowhere\/at-all/s);
});

test('an end that nobody asked for is told; one that was asked for is not', async () => {
  const told = vi.fn();
  const program = shell('echo tired; echo $$ >ready; exec sleep 1000', { onUnexpectedEnd: told });
  await program.start();
  await program.restart();
  expect(told).not.toHaveBeenCalled();
  await program.signal('SIGKILL');
  await expect.poll(() => told.mock.calls).toEqual([[expect.stringMatching(/^program ended with SIGKILL; .*tired/s)]]);
});

test('SIGKILL comes to one that does not listen to SIGTERM', async () => {
  const program = shell("trap '' TERM; echo $$ >ready; while :; do sleep 0.1; done", { graceSeconds: 0.2 });
  await program.start();
  const { pid } = program;
  await program.stop();
  expect(lives(pid as number)).toBe(false);
});

test('it dies with the process that started it, also by SIGKILL', async () => {
  const module = JSON.stringify(join(import.meta.dirname, 'managed-process.ts'));
  const spec = `{ name: 'p', program: '/bin/sleep', args: ['1000'], folder: '/', logPath: '/dev/null', ready: async () => true }`;
  const script = `const { manageProcess } = await import(${module}); const p = manageProcess(${spec}); await p.start(); console.log(p.pid); setInterval(() => {}, 1e6);`;
  const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [text] = await once(owner.stdout.setEncoding('utf8'), 'data');
  const pid = Number(text);
  expect(lives(pid)).toBe(true);
  owner.kill('SIGKILL');
  await expect.poll(() => lives(pid)).toBe(false);
});
