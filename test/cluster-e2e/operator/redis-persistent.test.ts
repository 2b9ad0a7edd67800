import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { resources } from '@osv/operator/kubernetes';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Cluster } from '../../cluster/cluster.ts';
import { waitUntil } from '../../cluster/processes/wait-until.ts';
import { Guests } from '../support/guests.ts';
import { isComplete, type OperatorUnderTest, startOperator, untilApp } from '../support/operator.ts';
import { newNamespace, sharedCluster } from '../support/shared-cluster.ts';
import { patchSpec } from '../support/small-app.ts';
import { untilNothingLeft } from '../support/soundness.ts';

const run = promisify(execFile);
const example = join(import.meta.dirname, '../../../examples/redis-persistent.yaml');
const name = 'redis-persistent';
const instance = `${name}-0`;

let cluster: Cluster;
let namespace: string;
let operator: OperatorUnderTest;
let guests: Guests;

beforeAll(async () => {
  cluster = await sharedCluster();
  namespace = await newNamespace(cluster);
  guests = new Guests(cluster, namespace);
  operator = await startOperator(cluster, namespace, 'operator', ['--no-leader-election']);
});

afterAll(() => operator?.stop());

const kubectl = (...words: string[]) => cluster.kubectl(['-n', namespace, ...words]);
const complete = (sentence: string) => untilApp(cluster, namespace, name, sentence, isComplete, 400);

async function redis(...words: string[]): Promise<string> {
  const address = await kubectl('get', 'service', name, '-o', 'jsonpath={.spec.clusterIP}');
  return (await run('redis-cli', ['-h', address, ...words])).stdout.trim();
}

/** Waits for the instance that follows the one of now, and for its readiness. */
async function nextAfter(what: () => Promise<unknown>): Promise<void> {
  const before = (await guests.get(instance))?.metadata.uid;
  await what();
  const isOther = async () => {
    const now = await guests.get(instance);
    return now !== undefined && now.metadata.uid !== before;
  };
  await waitUntil('there is another instance', isOther, { secondsMax: 120 });
  await complete('it is ready');
}

test('Redis writes to a disk of its own, which the kernel has formatted', async () => {
  await kubectl('apply', '-f', example);
  await complete('Redis runs');
  expect(await redis('set', 'first', 'written')).toBe('OK');
  expect(await redis('config', 'get', 'dir')).toBe('dir\n/data');
});

test('what was written is there after a stop, a rollout, and a while without an instance', async () => {
  await nextAfter(() => cluster.client.delete(resources.virtualMachineInstances, { namespace, name: instance }));
  expect(await redis('get', 'first')).toBe('written');
  await redis('set', 'second', 'written');
  await nextAfter(() => patchSpec(cluster, namespace, name, { env: [{ name: 'REVISION', value: '2' }] }));
  expect(await redis('mget', 'first', 'second')).toBe('written\nwritten');
  await patchSpec(cluster, namespace, name, { replicas: 0 });
  await waitUntil('it is gone', async () => (await guests.get(instance)) === undefined, { secondsMax: 120 });
  await patchSpec(cluster, namespace, name, { replicas: 1 });
  await complete('it is back');
  expect(await redis('mget', 'first', 'second')).toBe('written\nwritten');
});

test('what was acknowledged after it was on the disk is there after the machine was killed', async () => {
  await redis('config', 'set', 'appendfsync', 'always');
  for (let number = 0; number < 20; number++) await redis('rpush', 'ledger', `${number}`);
  await nextAfter(() => guests.crash(instance));
  expect(await redis('lrange', 'ledger', '0', '-1')).toBe(Array.from({ length: 20 }, (_, i) => `${i}`).join('\n'));
});

test('an app that was deleted finds its data when it is applied again', async () => {
  await kubectl('delete', 'osvapp', name, '--timeout=120s');
  await untilNothingLeft(cluster, namespace, name);
  await kubectl('apply', '-f', example);
  await complete('Redis runs again');
  expect(await redis('get', 'first')).toBe('written');
  await kubectl('delete', 'osvapp', name, '--timeout=120s');
  await kubectl('delete', 'pvc', '-l', `osvapp.dev/app=${name}`, '--timeout=120s');
});
