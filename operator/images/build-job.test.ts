import { expect, test } from 'vitest';
import { observed } from '../osv-app/testing/observed.ts';
import { type BuildJobOptions, buildJob } from './build-job.ts';

const options: BuildJobOptions = {
  namespace: 'osv-system',
  builderImage: 'r.example/osv-builder@sha256:1',
  flags: ['--push', 'r.example/apps'],
  serviceAccount: 'osv-builder',
  registrySecret: 'registry',
  configMap: undefined,
  environment: {},
  resources: { cpu: '2', memory: '2Gi', disk: '10Gi' },
};

const { app } = observed({ spec: { env: [{ name: 'PASSWORD', value: 'hunter2' }] } });
const job = buildJob(options, 'a'.repeat(32), 2, app);
const template = job.spec?.template;
const container = template?.spec?.containers[0];

test('each try of a build has a Job of its own', () => {
  expect(job.metadata).toMatchObject({ name: `osv-build-${'a'.repeat(32)}-2`, namespace: 'osv-system' });
  expect(job.spec?.backoffLimit).toBe(0);
});

test('a build hears of the source, and of nothing else that an app holds', () => {
  const text = JSON.stringify(template);
  expect(text).toContain('redis-server');
  expect(text).not.toContain('hunter2');
  expect(text).not.toContain('PASSWORD');
});

test('it has no rights, and writes nowhere but into its own folders', () => {
  expect(template?.spec).toMatchObject({ automountServiceAccountToken: false, restartPolicy: 'Never' });
  expect(container?.securityContext).toMatchObject({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  });
  const mounts = new Map(container?.volumeMounts?.map(({ name, mountPath }) => [name, mountPath]));
  expect(container?.args).toContain(`${mounts.get('work')}/cache`);
  expect(container?.args).toContain(`${mounts.get('registry')}/config.json`);
});
