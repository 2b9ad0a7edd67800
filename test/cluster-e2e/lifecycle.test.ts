import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { connectToCluster } from '../cluster/remote/connect.ts';
import { startCluster } from '../cluster/start.ts';
import { run } from '../guest/command.ts';

const root = join(import.meta.dirname, '../..');
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** `npm run cluster` without npm; resolves when it is ready. */
async function command(before: readonly string[] = []): Promise<{ child: ChildProcess; folder: string }> {
  const words = [...before, process.execPath, join(root, 'test/cluster/main.ts'), '--kubevirt', 'none'];
  const child = spawn(words[0] as string, words.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
  const line = once(child.stdout?.setEncoding('utf8') as NonNullable<typeof child.stdout>, 'data');
  const ended = once(child, 'exit').then(() => Promise.reject(new Error(`the command ended:\n${said}`)));
  const [text] = (await Promise.race([line, ended])) as [string];
  ended.catch(() => {});
  const kubeconfig = /^export KUBECONFIG=(\S+) PATH="\S+:\$PATH"\n$/.exec(text)?.[1];
  expect(kubeconfig, text).toBeDefined();
  return { child, folder: dirname(kubeconfig as string) };
}

/** The processes whose command line names the folder; its own paths are in all of them. */
function processesOf(folder: string): string[] {
  return readdirSync('/proc').filter((entry) => {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) return false;
    try {
      return readFileSync(`/proc/${entry}/cmdline`, 'utf8').includes(folder);
    } catch {
      return false;
    }
  });
}

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

async function expectNothingLeft(folder: string, ports: readonly number[]): Promise<void> {
  await expect.poll(() => processesOf(folder), { timeout: 20_000 }).toEqual([]);
  await expect.poll(() => existsSync(folder), { timeout: 20_000 }).toBe(false);
  // A process that ends loses its command line before its sockets.
  for (const port of ports) await expect.poll(() => listens(port), { timeout: 20_000 }).toBe(false);
}

async function portsOf(folder: string): Promise<number[]> {
  const cluster = await connectToCluster(folder);
  await cluster.stop();
  return [cluster.server, `http://${cluster.registry.host}`].map((url) => Number(new URL(url).port));
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`the command prints an export that kubectl understands, and ${signal} ends everything`, async () => {
    const { child, folder } = await command();
    const { tools } = await connectToCluster(folder);
    const environment = { ...process.env, KUBECONFIG: join(folder, 'kubeconfig') };
    const namespaces = await run(tools.kubectl, ['get', 'namespaces', '-o', 'name'], { environment });
    expect(namespaces.stdout.toString()).toContain('namespace/kube-system');
    const ports = await portsOf(folder);
    const exit = once(child, 'exit');
    child.kill(signal);
    expect(await exit).toEqual([code, null]);
    await expectNothingLeft(folder, ports);
  });
}

test('kill -9 of the command leaves nothing', async () => {
  const { child, folder } = await command();
  const ports = await portsOf(folder);
  expect(processesOf(folder).length).toBeGreaterThanOrEqual(5);
  child.kill('SIGKILL');
  await expectNothingLeft(folder, ports);
});

test('the end of its parent ends the command', async () => {
  const { child, folder } = await command(['/bin/sh', '-c', '"$@"; :', 'sh']);
  const ports = await portsOf(folder);
  child.kill('SIGKILL');
  await expectNothingLeft(folder, ports);
});

test('a process that dies for good ends the command with its last words', async () => {
  const { child, folder } = await command();
  let said = '';
  child.stderr?.on('data', (text) => (said += text));
  const exit = once(child, 'exit');
  process.kill(Number(readFileSync(join(folder, 'pids', 'scheduler'), 'utf8')), 'SIGKILL');
  expect(await exit).toEqual([1, null]);
  expect(said).toMatch(/scheduler ended with SIGKILL; its last words/);
  await expectNothingLeft(folder, []);
});

test('a start that fails says why and leaves nothing', async () => {
  const said: string[] = [];
  const flags = { 'api-server': ['--no-such-flag'] };
  await expect(startCluster({ flags, progress: (line) => said.push(line) })).rejects.toThrow(
    /api-server ended with status 1; its last words.*unknown flag: --no-such-flag/s,
  );
  const folder = /\S*osv-cluster-\w+/.exec(said.join('\n'))?.[0];
  await expectNothingLeft(folder as string, []);
});

test('five starts and stops in a row leave nothing, and two clusters live side by side', async () => {
  for (let round = 0; round < 5; round++) {
    const cluster = await startCluster();
    const ports = await portsOf(cluster.folder);
    expect(await cluster.kubectl(['get', 'namespaces', '-o', 'name'])).toContain('namespace/default');
    await cluster.stop();
    await cluster.stop();
    await expectNothingLeft(cluster.folder, ports);
  }
});
