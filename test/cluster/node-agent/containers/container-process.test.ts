import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram } from '@osv/local';
import { temporaryFolder } from '@osv/local/testing/temporary-folder.ts';
import { expect, test } from 'vitest';
import { waitUntil } from '../../processes/wait-until.ts';

const able = (await findProgram('bwrap')) !== undefined && (await findProgram('pasta')) !== undefined;
const isRoot = process.getuid?.() === 0;

/** A process of its own that runs a container in a network of its own, and says who they are. */
const agent = `
const { PodNetwork } = await import(process.argv[1] + '/pod-network.ts');
const { ContainerProcess } = await import(process.argv[1] + '/container-process.ts');
const folder = process.argv[2];
const network = await PodNetwork.start({ loopbackAddress: '127.200.0.1', ports: [], hostPorts: [], folder });
const box = {
  root: '/', readOnlyRoot: true, mounts: [], user: 65532, group: 65532, hostname: 'box',
  environment: { A: 'b' }, workingDirectory: '/',
};
await ContainerProcess.start({
  box, enter: network.enter(), logPath: folder + '/log',
  command: ['/bin/sh', '-c', 'echo $$ $A $(uname -n) $(id -u); sleep 300 & sleep 300'],
});
console.log('ready');
`;

/** Those of some processes that are still there. */
async function left(pids: readonly number[]): Promise<number[]> {
  const alive = await Promise.all(
    pids.map(async (pid) => {
      const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
      return status !== '' && !/\) Z /.test(status) ? [pid] : [];
    }),
  );
  return alive.flat();
}

async function descendants(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const children = text.trim().split(' ').filter(Boolean).map(Number);
  return [...children, ...(await Promise.all(children.map(descendants))).flat()];
}

test.runIf(able && isRoot)('a container and its network end with the agent, even when it is killed', async () => {
  const folder = await temporaryFolder();
  const words = ['--input-type=module', '-e', agent, import.meta.dirname, folder];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const log = () => readFile(join(folder, 'log'), 'utf8');
  await waitUntil('the program has spoken', async () => (await log()) !== '', { secondsMax: 20 });
  expect(await log()).toBe('1 b box 65532\n');
  const all = await descendants(child.pid ?? 0);
  // pasta and its holder, bubblewrap's two processes, the shell's two children.
  expect(all.length).toBeGreaterThanOrEqual(5);
  child.kill('SIGKILL');
  await waitUntil('nothing of it is left', async () => (await left(all)).length === 0, { secondsMax: 20 });
});
