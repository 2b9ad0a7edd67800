import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Cluster } from '../../cluster/cluster.ts';
import { isComplete, type OperatorUnderTest, startOperator, untilApp } from '../support/operator.ts';
import { newNamespace, sharedCluster } from '../support/shared-cluster.ts';

const run = promisify(execFile);
const example = (name: string) => join(import.meta.dirname, '../../../examples', name);

let cluster: Cluster;
let namespace: string;
let operator: OperatorUnderTest;

beforeAll(async () => {
  cluster = await sharedCluster();
  namespace = await newNamespace(cluster);
  operator = await startOperator(cluster, namespace, 'operator', ['--no-leader-election']);
});

afterAll(() => operator?.stop());

test('Redis runs with the configuration of a ConfigMap, and wants the password of a Secret', async () => {
  await cluster.kubectl(['-n', namespace, 'apply', '-f', example('features/files.yaml')]);
  await untilApp(cluster, namespace, 'redis-files', 'it runs', isComplete, 400);
  const words = ['-n', namespace, 'get', 'service', 'redis-files', '-o', 'jsonpath={.spec.clusterIP}'];
  const address = await cluster.kubectl(words);
  const ask = async (...more: string[]) => (await run('redis-cli', ['-h', address, ...more])).stdout.trim();
  expect(await ask('ping')).toMatch(/NOAUTH/);
  expect(await ask('--no-auth-warning', '-a', 'change-me', 'config', 'get', 'dir')).toBe('dir\n/scratch');
});

test('nginx serves the page of a ConfigMap', async () => {
  await cluster.kubectl(['-n', namespace, 'apply', '-f', example('nginx.yaml')]);
  await untilApp(cluster, namespace, 'nginx', 'it runs', isComplete, 400);
  const words = ['-n', namespace, 'get', 'service', 'nginx', '-o', 'jsonpath={.spec.clusterIP}'];
  const response = await fetch(`http://${await cluster.kubectl(words)}/`);
  expect(response.status).toBe(200);
  expect(await response.text()).toContain('Served by a unikernel.');
});
