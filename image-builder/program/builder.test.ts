import { fork, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Ajv } from 'ajv';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import schema from '../../contracts/build-result.schema.json' with { type: 'json' };
import { readCompatibilityTable } from '../check/compatibility-table.ts';
import { exists, imageKey, publishedImage } from '../index.ts';
import { compile } from '../testing/compile.ts';
import { temporaryFolder } from '../testing/folders.ts';
import { pushTestImage } from '../testing/oci-image.ts';
import { startRegistry } from '../testing/registry.ts';

const folder = temporaryFolder();
const kernel = join(folder, 'osv.elf');
const cache = join(folder, 'cache');
let registry: string;

beforeAll(async () => {
  registry = await startRegistry();
  writeFileSync(kernel, 'a kernel');
});

function appOf(source: object): string {
  const metadata = { name: 'x' };
  return JSON.stringify({ apiVersion: 'osvapp.dev/v1alpha1', kind: 'OsvApp', metadata, spec: { source } });
}

function start(app: string, ...words: string[]) {
  const common = ['--app', '-', '--kernel', kernel, '--push', `${registry}/images`, '--cache', cache];
  const child = spawn(process.execPath, [join(import.meta.dirname, '../main.ts'), ...common, ...words]);
  child.stdin.on('error', () => {});
  child.stdin.end(app);
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]).then(
    ([stdout, stderr, [status]]) => ({ status, stderr, result: stdout === '' ? undefined : JSON.parse(stdout) }),
  );
  return { child, ended };
}

const validate = new Ajv({ allErrors: true }).addKeyword('tsType').compile(schema);

test('an image is built, pushed under its key, and found there by the next builder', async () => {
  const table = await readCompatibilityTable();
  const absent = [...(table?.values() ?? [])].find(({ status, number }) => status === 'none' && number > 0);
  if (!absent) throw new Error('the kernel lacks no system call; this test needs another example');
  const program = compile(
    `int main(void) { long r; __asm__ volatile("syscall" : "=a"(r) : "a"(${absent.number}) : "rcx", "r11"); return r; }`,
    join(folder, 'program'),
    '-lm',
    '-Wl,--no-as-needed',
  );
  const reference = `${registry}/source:1`;
  const config = { Entrypoint: ['/program'], Cmd: ['-x'] };
  await pushTestImage(join(folder, 'source'), reference, { layers: [[['program', readFileSync(program)]]], config });
  const app = appOf({ image: { reference } });

  const first = await start(app).ended;
  expect(first.status, first.stderr).toBe(0);
  expect(validate(first.result), JSON.stringify(validate.errors)).toBe(true);
  expect(first.result).toMatchObject({
    reference: `${registry}/images@${first.result.digest}`,
    entryPoint: { command: ['/program', '-x'], fixedWords: 1 },
    compatibility: { missingSystemCalls: [absent.name] },
  });
  expect(first.result.compatibility.missingLibraries).toContainEqual({ name: 'libc.so.6', neededBy: '/program' });

  const digest = `sha256:${createHash('sha256').update('a kernel').digest('hex')}`;
  const tagged = `${registry}/images:${imageKey({ kind: 'image', reference }, digest)}`;
  expect(await exists(tagged)).toBe(first.result.digest);
  expect(await publishedImage(tagged)).toEqual(first.result);
  expect(await exists(first.result.sbom)).toBeDefined();

  rmSync(cache, { recursive: true });
  const path = join(folder, 'result.json');
  const second = await start(app, '--result', path).ended;
  expect(second).toMatchObject({ status: 0, stderr: '', result: undefined });
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(first.result);
});

test('two builders at once push one image', async () => {
  const reference = `${registry}/twice:1`;
  await pushTestImage(join(folder, 'twice'), reference, { layers: [[['usr/x', 'x']]] });
  const app = appOf({ image: { reference } });
  const [one, two] = await Promise.all([start(app).ended, start(app).ended]);
  expect(one.status, one.stderr).toBe(0);
  expect(two.status, two.stderr).toBe(0);
  expect(two.result).toEqual(one.result);
});

test.each<[string, string, number, string]>([
  ['an app that is none', '{}', 1, 'osvapp'],
  ['an image that is not there', appOf({ image: { reference: 'REGISTRY/absent:1' } }), 1, 'not-found'],
  ['a file of this machine', appOf({ archive: { url: 'file:///etc/passwd' } }), 1, 'bad-source'],
  ['a folder of this machine', appOf({ directory: { path: '/etc' } }), 1, 'bad-source'],
  ['a registry that does not answer', appOf({ image: { reference: '127.0.0.1:1/x:1' } }), 75, 'registry'],
  [
    'a runtime that there is not',
    JSON.stringify({
      ...JSON.parse(appOf({ packages: { names: ['x1'] } })),
      spec: { runtime: 'python', source: { packages: { names: ['x1'] } } },
    }),
    1,
    'unsupported',
  ],
])('%s: a code, a sentence, an exit status', async (_, app, status, code) => {
  const failed = await start(app.replace('REGISTRY', registry)).ended;
  expect(failed).toMatchObject({ status, result: { error: { code, temporary: status === 75 } } });
  expect(validate(failed.result), JSON.stringify(validate.errors)).toBe(true);
});

test('wrong words are status 2', async () => {
  expect(await start('', '--no-such-word').ended).toMatchObject({ status: 2, result: { error: { code: 'usage' } } });
});

/** A server that never finishes an answer; `arrived` resolves with the first request. */
async function unfinished(beginning = ''): Promise<{ host: string; arrived: Promise<void> }> {
  const { promise: arrived, resolve } = Promise.withResolvers<void>();
  const server = createServer((_, response) => {
    if (beginning) response.write(beginning);
    resolve();
  }).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, arrived };
}

test('SIGTERM ends a build that fetches its source, and leaves nothing', async () => {
  const { host, arrived } = await unfinished('x');
  const { child, ended } = start(appOf({ archive: { url: `http://${host}/app.zip` } }));
  await arrived;
  child.kill('SIGTERM');
  const { status, result } = await ended;
  expect(status).toBe(143);
  expect(result).toMatchObject({ error: { code: 'interrupted', temporary: true } });
  expect(readdirSync(join(cache, 'tmp'))).toEqual([]);
});

test('SIGTERM ends a build that waits for a registry', async () => {
  const { host, arrived } = await unfinished();
  const reference = `${host}/x:1`;
  const { child, ended } = start(appOf({ image: { reference } }));
  await arrived;
  child.kill('SIGTERM');
  expect(await ended).toMatchObject({ status: 143, result: { error: { code: 'interrupted' } } });
  expect(readdirSync(join(cache, 'tmp'))).toEqual([]);
});

test('a build ends when the process that asked for it is gone', async () => {
  const { host, arrived } = await unfinished();
  const words = ['--app', '-', '--kernel', kernel, '--push', `${registry}/images`, '--cache', cache];
  const child = fork(join(import.meta.dirname, '../main.ts'), words, { silent: true });
  child.stdin?.end(appOf({ archive: { url: `http://${host}/app.zip` } }));
  await arrived;
  // Nobody reads any more, as after the death of a reader.
  child.stdout?.destroy();
  child.stderr?.destroy();
  child.disconnect();
  const [status] = await once(child, 'exit');
  expect(status).toBe(143);
  expect(readdirSync(join(cache, 'tmp'))).toEqual([]);
});
