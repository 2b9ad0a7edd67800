import { randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { instancePaths, stateFolders } from '@osv/local/instance/paths.ts';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Osv, resultOf, untilText } from './support/osv.ts';
import { compile } from './support/programs.ts';

const osv = Osv.create();

test('stdout, stderr and the exit code are the program’s own', async () => {
  const result = await osv.run(['run', '-e', 'EXIT_CODE=7', compile('streams'), 'one', '--two', 'th ree']);
  expect(result.stderr).toBe('to stderr\n');
  expect(result.stdout.toString()).toContain('argument one\nargument --two\nargument th ree\n');
  expect(result.stdout.toString()).toContain('variable EXIT_CODE=7\n');
  expect(result.code).toBe(7);
});

test.each([0, 1, 4096, 1_000_003])('%d bytes go through stdin and stdout unchanged', async (size) => {
  const input = randomBytes(size);
  const result = await osv.run(['run', compile('copy')], input);
  expect(result.stderr).toBe(`${size} bytes\n`);
  expect(result.stdout.equals(input)).toBe(true);
  expect(result.code).toBe(0);
});

test('a dynamic program is packed with its loader and libraries', async () => {
  const result = await osv.run(['run', compile('streams', '-pie'), 'x']);
  expect(result.stderr).toBe('to stderr\n');
  expect(result.stdout.toString()).toContain('argument x\n');
  expect(result.code).toBe(0);
});

test('a folder is run with the command after --, in a working directory', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'osv-folder-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  copyFileSync(compile('streams'), join(folder, 'program'));
  const result = await osv.run(['run', '-w', '/tmp', folder, '--', '/app/program', 'a']);
  expect(result.stderr).toBe('to stderr\n');
  expect(result.stdout.toString()).toContain('argument a\n');
  expect(result.stdout.toString()).toContain('folder /tmp\n');
});

test('an image that was built is run by its name', async () => {
  await osv.must('build', '-t', 'e2e-streams', compile('streams'));
  const result = await osv.run(['run', 'e2e-streams']);
  expect(result.stderr).toBe('to stderr\n');
  expect(result.code).toBe(0);
});

test.each([
  ['segv', 139, 'SIGSEGV'],
  ['abort', 134, 'SIGABRT'],
  ['kill', 137, 'SIGKILL'],
])('%s ends it with code %d', async (how, code, name) => {
  const result = await osv.run(['run', compile('crash'), how]);
  expect(result.stderr).toContain(`The program was ended by ${name}.`);
  expect(result.code).toBe(code);
});

test('Ctrl-C reaches the program', async () => {
  const child = osv.start('run', compile('wait'));
  const ended = resultOf(child);
  await untilText(child.stdout, 'waiting\n');
  child.kill('SIGINT');
  expect((await ended).code).toBe(42);
});

test('Ctrl-C while the machine starts reaches the program', async () => {
  const child = osv.start('run', '--name', 'early', compile('wait'));
  const ended = resultOf(child);
  const folder = join(osv.state, 'osv', 'instances', 'early');
  await vi.waitUntil(() => existsSync(join(folder, 'boot.iso')), { timeout: 30_000, interval: 5 });
  child.kill('SIGINT');
  const { code, stderr } = await ended;
  // Before the program has a handler for it, or with one.
  expect([130, 42]).toContain(code);
  expect(stderr).toBe('');
  await osv.must('rm', 'early');
});

test('a second Ctrl-C ends a program that ignores the first', async () => {
  const child = osv.start('run', compile('wait'), 'stubborn');
  const ended = resultOf(child);
  await untilText(child.stdout, 'waiting\n');
  const told = untilText(child.stdout, 'told\n');
  child.kill('SIGINT');
  await told;
  child.kill('SIGINT');
  expect((await ended).code).toBe(137);
  expect(osv.processes()).toEqual([]);
});

test('however often the power button is pressed, the program is told once and has its time', async () => {
  const child = osv.start('run', compile('wait'), 'patient');
  const ended = resultOf(child);
  await untilText(child.stdout, 'waiting\n');
  const [instance] = (await osv.instances()).filter(({ state }) => state === 'running');
  if (!instance) throw new Error('nothing runs');
  const token = readFileSync(instancePaths(stateFolders({ XDG_STATE_HOME: osv.state }), instance.name).token, 'utf8');
  const press = () =>
    fetch(`http://${instance.address}:9180/api/v1/poweroff`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
    });
  const told = untilText(child.stdout, 'told\n');
  for (let presses = 0; presses < 3; presses += 1) expect((await press()).ok).toBe(true);
  await told;
  child.kill('SIGINT');
  const result = await ended;
  expect(result.code).toBe(42);
  expect(result.stdout.toString().match(/told/g)).toHaveLength(1);
});

test.each([
  ['microvm', ['--machine', 'microvm']],
  ['counting instructions', ['--icount']],
  ['four CPUs', ['--cpus', '4']],
  ['no network', ['--no-network']],
])('it runs with %s', async (_, flags) => {
  const result = await osv.run(['run', ...flags, compile('streams'), 'x']);
  expect(result.stderr).toBe('to stderr\n');
  expect(result.stdout.toString()).toContain('argument x\n');
  expect(result.code).toBe(0);
});

test('a reader that leaves ends the program', async () => {
  const child = osv.start('run', compile('copy'));
  child.stdin.end(randomBytes(4_000_000));
  child.stdout.once('data', () => child.stdout.destroy());
  const result = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  expect(result).not.toBe(0);
  expect(osv.processes()).toEqual([]);
});

test('an output that takes no more is told, and is a failure', async () => {
  const result = await osv.runTo('/dev/full', ['run', compile('streams')]);
  expect(result.stderr).toMatch(/^osv: The output cannot be written: ENOSPC[^\n]*$/m);
  expect(result.code).toBe(125);
  expect(osv.processes()).toEqual([]);
});

test('a program that fails because it cannot fork is explained', async () => {
  const result = await osv.run(['run', compile('fork')]);
  expect(result.stderr).toMatch(/^osv: The program tried to start another process \(fork\)/m);
  expect(result.code).toBe(3);
});

test('logs are kept from the first byte, the kernel’s apart from the program’s', async () => {
  await osv.must('run', '--name', 'logged', compile('streams'), 'kept');
  const [output, kernel] = [await osv.must('logs', 'logged'), await osv.must('logs', '--kernel', 'logged')];
  expect(output).toContain('argument kept\n');
  expect(output).toContain('to stderr\n');
  expect(kernel).toMatch(/^\[ +\d+\.\d+\] /);
  expect(kernel).not.toContain('argument kept');
  await osv.must('rm', 'logged');
  expect((await osv.run(['logs', 'logged'])).code).toBe(125);
});

test('--rm leaves nothing', async () => {
  await osv.must('run', '--rm', '--name', 'gone', compile('streams'));
  expect((await osv.instances()).map(({ name }) => name)).not.toContain('gone');
});
