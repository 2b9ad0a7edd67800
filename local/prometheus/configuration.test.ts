import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { InstanceRecord } from '../instance/record.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { prometheusConfiguration, targetGroups } from './configuration.ts';

const record = {
  name: 'redis-0',
  kind: 'app',
  state: 'running',
  metricsUrl: 'http://127.77.0.1:9180/metrics',
  app: { name: 'redis', replica: 0, file: 'redis.yaml', specDigest: '' },
} as InstanceRecord;

test('promtool accepts the configuration', async () => {
  const folder = await temporaryFolder();
  const [targets, configuration] = [join(folder, 'targets.json'), join(folder, 'prometheus.yml')];
  await writeFile(targets, JSON.stringify(targetGroups([record])));
  await writeFile(configuration, prometheusConfiguration(targets));
  const check = spawnSync('promtool', ['check', 'config', configuration], { encoding: 'utf8' });
  expect(check.status, check.stderr).toBe(0);
});

test('the targets are the guests that run', () => {
  const groups = targetGroups([record, { ...record, state: 'exited' }, { ...record, kind: 'service' }]);
  expect(groups).toEqual([{ targets: ['127.77.0.1:9180'], labels: { instance: 'redis-0', app: 'redis' } }]);
});
