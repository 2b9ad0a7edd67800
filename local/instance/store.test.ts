import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { claimAddress } from '../network/loopback-address.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { stateFolders } from './paths.ts';
import { identifyProcess, ownIdentity, type ProcessIdentity } from './process-identity.ts';
import type { InstanceRecord } from './record.ts';
import { InstanceStore } from './store.ts';

async function emptyStore(): Promise<InstanceStore> {
  const folder = await temporaryFolder();
  return new InstanceStore(stateFolders({ XDG_STATE_HOME: folder, XDG_CACHE_HOME: folder }));
}

function recordOf(name: string, changes: Partial<InstanceRecord> = {}): InstanceRecord {
  return {
    version: 1,
    name,
    nameInvented: false,
    kind: 'run',
    state: 'created',
    createdAt: new Date().toISOString(),
    creator: ownIdentity(),
    image: { name: 'hello', digest: 'sha256:0', kernelVersion: '0.1.0' },
    command: ['/hello'],
    ports: [],
    gracePeriodSeconds: 1,
    removeOnExit: false,
    ...changes,
  };
}

async function deadProcess(): Promise<ProcessIdentity> {
  const child = spawn('sleep', ['60']);
  const identity = identifyProcess(child.pid as number) as ProcessIdentity;
  child.kill('SIGKILL');
  await once(child, 'exit');
  return identity;
}

test('a name can be had once', async () => {
  const store = await emptyStore();
  await store.create(recordOf('one'));
  await expect(store.create(recordOf('one'))).rejects.toMatchObject({ code: 'instance-exists' });
  expect(await store.list()).toHaveLength(1);
});

test.each(['', 'Up', '../x', 'a/b', '-a', 'a'.repeat(64)])('%j is no name', async (name) => {
  await expect((await emptyStore()).create(recordOf(name))).rejects.toMatchObject({ code: 'invalid-argument' });
});

test('what a command killed half-way began is cleared away', async () => {
  const store = await emptyStore();
  const dead = await deadProcess();
  await store.create(recordOf('half', { creator: dead }));
  const address = await claimAddress(store.folders.addresses, 'half', []);
  await mkdir(join(store.folders.instances, `.draft.${dead.pid}`));
  expect(await store.list()).toEqual([]);
  expect(await readdir(store.folders.instances)).toEqual([]);
  expect(await readdir(store.folders.addresses)).not.toContain(address);
});

test('an instance whose supervisor was killed has ended', async () => {
  const store = await emptyStore();
  await store.create(recordOf('orphan', { state: 'running', supervisor: await deadProcess() }));
  const [record] = await store.list();
  expect(record).toMatchObject({ state: 'exited', exit: { code: 137, reason: 'supervisor-died' } });
});

test('the disks that were made for a run are gone after it, its logs are not', async () => {
  const store = await emptyStore();
  const supervisor = await deadProcess();
  const { folder, bootDisk, consoleLog } = await store.create(recordOf('ended', { state: 'running', supervisor }));
  for (const path of [bootDisk, join(folder, 'files0.iso'), consoleLog]) await writeFile(path, 'secret');
  await store.list();
  expect((await readdir(folder)).sort()).toEqual(['console.log', 'record.json']);
});

test('a supervisor that lives is left alone, and one with its number but another start time is not it', async () => {
  const store = await emptyStore();
  await store.create(recordOf('alive', { state: 'running', supervisor: ownIdentity() }));
  await store.create(recordOf('other', { state: 'running', supervisor: { ...ownIdentity(), startTicks: '1' } }));
  const states = Object.fromEntries((await store.list()).map(({ name, state }) => [name, state]));
  expect(states).toEqual({ alive: 'running', other: 'exited' });
});

test('a reference is a name, or an app with all its replicas', async () => {
  const store = await emptyStore();
  for (const replica of [0, 1]) {
    await store.create(recordOf(`web-${replica}`, { app: { name: 'web', replica, file: 'web.yaml', specDigest: '' } }));
  }
  expect(await store.resolve('web')).toHaveLength(2);
  expect(await store.resolve('web-1')).toHaveLength(1);
  await expect(store.resolve('wbe')).rejects.toThrow('There is no instance or app named wbe. There are: web-0, web-1.');
});

test('of ended runs that nobody named, the latest are kept', async () => {
  const store = await emptyStore();
  for (let index = 0; index < 22; index++) {
    await store.create(
      recordOf(`r${index}`, { state: 'exited', nameInvented: true, createdAt: new Date(index).toISOString() }),
    );
  }
  await store.create(recordOf('named', { state: 'exited', createdAt: new Date(0).toISOString() }));
  await store.pruneExitedRuns('r21');
  const names = (await store.list()).map(({ name }) => name);
  expect(names).not.toContain('r0');
  expect(names).toContain('r21');
  expect(names).toContain('named');
});

test('a record that cannot be written leaves no draft', async () => {
  const store = await emptyStore();
  const { folder, record } = store.paths('stuck');
  await mkdir(record, { recursive: true });
  await expect(store.write(recordOf('stuck'))).rejects.toThrow(/EISDIR|rename/);
  expect(await readdir(folder)).toEqual([basename(record)]);
});
