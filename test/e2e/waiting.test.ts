import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Osv, resultOf, untilText } from './support/osv.ts';
import { compile } from './support/programs.ts';

const osv = Osv.create();
const folder = mkdtempSync(join(tmpdir(), 'osv-waiting-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** An OsvApp that runs one of our programs. */
function app(name: string, program: string, spec: string): string {
  mkdirSync(join(folder, name));
  copyFileSync(compile(program), join(folder, name, 'program'));
  const path = join(folder, `${name}.yaml`);
  const head = `apiVersion: osvapp.dev/v1alpha1\nkind: OsvApp\nmetadata: {name: ${name}}\n`;
  writeFileSync(path, `${head}spec:\n  source: {directory: {path: ${name}}}\n  command: [/app/program]\n${spec}`);
  return path;
}

test('an app without ports is ready when its program runs', async () => {
  const path = app('plain', 'wait', '');
  expect(await osv.must('up', path)).toContain('plain-0');
  await osv.must('rm', '-f', 'plain');
});

test('an app that does not answer in time is an error that says what is missing, and it is left to look at', async () => {
  const path = app('deaf', 'wait', '  ports: [{port: 80}]\n');
  const result = await osv.run(['up', '--timeout', '5', path]);
  expect(result.code).toBe(125);
  expect(result.stderr).toContain(
    'osv: deaf-0 is not ready in time: port 80 refuses connections; see osv logs deaf-0.\n',
  );
  expect(await osv.must('logs', 'deaf')).toBe('waiting\n');
  await osv.must('rm', '-f', 'deaf');
});

test('a program that ends at once is an error with its last words', async () => {
  const path = app('brief', 'streams', '  env: [{name: EXIT_CODE, value: "3"}]\n  ports: [{port: 80}]\n');
  const result = await osv.run(['up', path]);
  expect(result.code).toBe(125);
  expect(result.stderr).toMatch(
    /osv: brief-0 ended before it was ready. It ended with exit code 3.\nIts last output:\n {2}/,
  );
  expect(osv.processes()).toEqual([]);
});

test('Ctrl-C while it waits stops what it started', async () => {
  const path = app('halted', 'wait', '  ports: [{port: 80}]\n');
  const child = osv.start('up', path);
  const ended = resultOf(child);
  await untilText(child.stderr, 'waiting for halted-0');
  child.kill('SIGINT');
  expect((await ended).code).toBe(130);
  expect((await osv.instances()).map(({ name }) => name)).not.toContain('halted-0');
  expect(osv.processes()).toEqual([]);
});

test('-d does not wait, and logs -f follows to the end', async () => {
  const path = app('followed', 'wait', '  ports: [{port: 80}]\n');
  await osv.must('up', '-d', path);
  const child = osv.start('logs', '-f', 'followed');
  const ended = resultOf(child);
  await untilText(child.stdout, 'waiting\n');
  await osv.must('stop', 'followed');
  expect((await ended).code).toBe(0);
});

test('exec is refused with what to use instead', async () => {
  const result = await osv.run(['exec', '-it', 'redis', 'sh']);
  expect(result.code).toBe(125);
  expect(result.stderr).toContain('osv logs redis');
});
