import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Osv, type Result } from './support/osv.ts';
import { compile } from './support/programs.ts';

const osv = Osv.create();
const folder = mkdtempSync(join(tmpdir(), 'osv-bad-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: Buffer | string): string {
  const path = join(folder, name);
  writeFileSync(path, content, { mode: 0o755 });
  return path;
}

/** One line on stderr that begins with our name and ends as a sentence; nothing on stdout; nothing left behind. */
async function refused(words: string[], code: number, sentence: RegExp): Promise<Result> {
  const before = await osv.instances();
  const result = await osv.run(words);
  expect(result.stderr).toMatch(/^osv: [^\n]+\n$/);
  expect(result.stderr).toMatch(sentence);
  expect(result.stdout.toString()).toBe('');
  expect(result.code).toBe(code);
  expect(osv.processes()).toEqual([]);
  expect(osv.addresses()).toEqual([]);
  expect((await osv.instances()).filter(({ state }) => state !== 'exited')).toEqual(
    before.filter(({ state }) => state !== 'exited'),
  );
  return result;
}

const hello = () => readFileSync(compile('streams'));

test('a truncated ELF file', async () => {
  await refused(['run', file('truncated', hello().subarray(0, 100))], 126, /truncated/);
});

test('an ELF file whose segments lie beyond its end', async () => {
  await refused(['run', file('short', hello().subarray(0, 4096))], 126, /short/);
});

test('a program for arm64', async () => {
  const program = hello();
  program.writeUInt16LE(183, 18);
  await refused(['run', file('arm64', program)], 126, /arm64/);
});

test('no program at all', async () => {
  await refused(['run', file('text', 'just text\n')], 126, /text/);
  await refused(['run', './does-not-exist'], 127, /does-not-exist does not exist/);
  await refused(['run', 'no-such-image'], 127, /neither a file nor an image/);
});

test('a missing interpreter', async () => {
  const program = readFileSync(compile('streams', '-pie'));
  const at = program.indexOf('/lib64/ld-linux-x86-64.so.2');
  program.write('/lib64/ld-absent-x86-64.so.2'.slice(0, 27), at);
  await refused(['run', file('lost', program)], 127, /ld-absent/);
});

test('a command that the image does not have', async () => {
  await osv.must('build', '-t', 'e2e-bad', compile('streams'));
  await refused(['run', 'e2e-bad', '/bin/absent'], 127, /absent/);
});

test('a corrupt root image', async () => {
  // A program of its own, so that only this test's image is damaged.
  const program = file('unique', Buffer.concat([hello(), Buffer.from(`${process.pid} ${Date.now()}`)]));
  const [image] = JSON.parse(await osv.must('build', '-t', 'e2e-corrupt', '-o', 'json', program));
  const disk = openSync(image.rootImagePath, 'r+');
  writeSync(disk, Buffer.alloc(4096, 0xa5), 0, 4096, 0);
  closeSync(disk);
  await refused(['run', 'e2e-corrupt'], 125, /root|EROFS/i);
  rmSync(join(image.rootImagePath, '..'), { recursive: true });
});

test('too little memory', async () => {
  await refused(['run', '-m', '1Mi', compile('streams')], 125, /needs at least \d+ MiB/);
  await refused(['run', '-m', 'lots', compile('streams')], 125, /no amount of memory/);
});

test('too little memory for the program, though not for the kernel', async () => {
  await refused(['run', '--rm', '-m', '32Mi', compile('hog')], 137, /give it more with --memory/);
});

test('a port in use', async () => {
  const server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen({ host: '127.0.0.1', port: 0 }, () => resolve((server.address() as AddressInfo).port));
  });
  await refused(['run', '-p', `${port}:80`, compile('streams')], 125, new RegExp(`127.0.0.1:${port} is in use`));
  await new Promise((resolve) => server.close(resolve));
});

const app = (spec: string) => `apiVersion: osvapp.dev/v1alpha1\nkind: OsvApp\nmetadata: {name: bad}\nspec:\n${spec}`;

test('a wrong field in the OsvApp file', async () => {
  const path = file('wrong.yaml', app('  source: {packages: {names: [hello]}}\n  replica: 3\n'));
  await refused(['up', path], 125, /wrong.yaml:6: .*replica/);
});

test('other OsvApp files that cannot be', async () => {
  await refused(['up', file('broken.yaml', 'a: [1')], 125, /broken.yaml/);
  await refused(['up', join(folder, 'absent.yaml')], 127, /does not exist/);
  await refused(
    ['up', file('port.yaml', app('  source: {packages: {names: [hello]}}\n  ports: [{port: 70000}]\n'))],
    125,
    /65535/,
  );
});

test('wrong command lines', async () => {
  for (const words of [['frobnicate'], ['help', 'frobnicate'], ['run'], ['run', '--cpus', '0', compile('streams')]]) {
    const { code, stderr } = await osv.run(words);
    expect(stderr).toMatch(/^osv: [^\n]+\nTry: osv [^\n]*--help\n$/);
    expect(code).toBe(125);
  }
  await refused(['run', '-w', 'here', compile('streams')], 125, /must begin with \//);
  await refused(['up', folder], 127, /is a folder/);
  await refused(['logs', 'nobody'], 125, /no instance or app named nobody/);
  await refused(['ps', '-o', 'xml'], 125, /no output format/);
});
