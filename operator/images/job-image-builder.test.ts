import type { PublishedImage } from '@osv/contracts';
import { afterEach, expect, test } from 'vitest';
import { ApiError, type ConfigMap, type Job, type Pod, resources } from '../kubernetes/index.ts';
import { silentLogger } from '../logger.ts';
import { noOperatorMetrics } from '../metrics.ts';
import { observed } from '../osv-app/testing/observed.ts';
import { MemoryCache } from '../reconcile-runtime/object-cache.ts';
import { settle } from '../testing/fake-clock.ts';
import { MemoryClient } from '../testing/memory-client.ts';
import { waitFor } from '../testing/wait-for.ts';
import { buildLabels } from './build-job.ts';
import { ImageRecords } from './image-records.ts';
import { JobImageBuilder } from './job-image-builder.ts';

const { app } = observed();
let stop = new AbortController();
afterEach(() => {
  stop.abort();
  stop = new AbortController();
});

/** Caches show what the test puts into them: watches are late, and tell of Jobs and pods in any order. */
function make(concurrency: number) {
  const client = new MemoryClient();
  const cache = () => {
    const empty = new MemoryCache<never>((error) => {
      throw error;
    });
    empty.retain(new Set());
    return empty as unknown;
  };
  const [jobs, pods] = [cache() as MemoryCache<Job>, cache() as MemoryCache<Pod>];
  const ends: string[] = [];
  const builder = new JobImageBuilder({
    identity: 'builder',
    client,
    records: new ImageRecords(client, 'osv-system', cache() as MemoryCache<ConfigMap>),
    jobs,
    pods,
    logger: silentLogger,
    now: () => new Date(),
    metrics: { ...noOperatorMetrics, buildEnded: (result) => void ends.push(result) },
    concurrency,
    namespace: 'osv-system',
    builderImage: 'builder',
    flags: [],
    serviceAccount: 'osv-builder',
    registrySecret: undefined,
    configMap: undefined,
    environment: {},
    resources: { cpu: '2', memory: '2Gi', disk: '10Gi' },
  });
  const made = async () => (await client.list(resources.jobs)).items;
  return { client, jobs, pods, builder, made, ends };
}

test('a Job that is refused is a failed build, and keeps no other one from beginning', async () => {
  const { client, builder, made } = make(2);
  client.fail(
    ({ verb, name }) => verb === 'create' && name === 'osv-build-a-1',
    new ApiError('Creating one of jobs was refused by the API server: exceeded quota.', { status: 403 }),
  );
  builder.build('a', app);
  builder.build('b', app);
  void builder.start(stop.signal);
  await waitFor(() => builder.state('a').state === 'failed');
  expect(builder.state('a')).toMatchObject({ message: expect.stringContaining('exceeded quota'), attempts: 1 });
  await settle();
  expect((await made()).map(({ metadata }) => metadata.name)).toEqual(['osv-build-b-1']);
});

test('no more Jobs run than may, also while the cache does not show the last one', async () => {
  const { jobs, builder, made } = make(1);
  builder.build('a', app);
  builder.build('b', app);
  void builder.start(stop.signal);
  await settle();
  const [first] = await made();
  expect((await made()).map(({ metadata }) => metadata.name)).toEqual(['osv-build-a-1']);
  expect(builder.state('a').state).toBe('building');
  jobs.set({ ...first, metadata: { ...first?.metadata, resourceVersion: '9000' }, ...finished } as Job);
  await settle();
  expect((await made()).map(({ metadata }) => metadata.name)).toEqual(['osv-build-a-1', 'osv-build-b-1']);
});

const finished = {
  status: { conditions: [{ type: 'Complete', status: 'True', lastTransitionTime: '2026-01-01T00:00:10Z' }] },
};

test('a Job that is seen to have finished before its pod has not failed', async () => {
  const { jobs, pods, builder, ends } = make(1);
  const metadata = {
    name: 'osv-build-a-1',
    namespace: 'osv-system',
    uid: 'job-uid',
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
    labels: { [buildLabels.key]: 'a', [buildLabels.attempt]: '1' },
  };
  void builder.start(stop.signal);
  pods.set({ metadata, status: { phase: 'Running' } } as Pod);
  jobs.set({ metadata, ...finished } as Job);
  await settle();
  expect(builder.state('a').state).toBe('building');
  expect(ends).toEqual([]);
  const terminated = { exitCode: 0, message: JSON.stringify(result) };
  pods.set({
    metadata: { ...metadata, resourceVersion: '2' },
    status: { phase: 'Succeeded', containerStatuses: [{ state: { terminated } }] },
  } as unknown as Pod);
  await settle();
  expect(builder.state('a').state).toBe('built');
  expect(ends).toEqual(['succeeded']);
});

test('a build that no node has room for says so while it waits', async () => {
  const { jobs, pods, builder, made } = make(1);
  builder.build('a', app);
  void builder.start(stop.signal);
  await settle();
  const [job] = await made();
  jobs.set({ ...job, metadata: { ...job?.metadata, resourceVersion: '9000' } } as Job);
  const message = '0/1 nodes are available: 1 Insufficient memory.';
  const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }];
  const metadata = {
    name: 'osv-build-a-1-x',
    namespace: 'osv-system',
    labels: job?.metadata.labels,
    resourceVersion: '1',
  };
  pods.set({ metadata, status: { phase: 'Pending', conditions } } as unknown as Pod);
  await settle();
  expect(builder.state('a')).toEqual({ state: 'building', obstacle: `The build waits for a node: ${message}` });
  pods.set({ metadata: { ...metadata, resourceVersion: '2' }, status: { phase: 'Running' } } as unknown as Pod);
  await settle();
  expect(builder.state('a')).toEqual({ state: 'building' });
});

const digest = `sha256:${'0'.repeat(64)}`;
const result: PublishedImage = {
  reference: `registry.example/images@${digest}`,
  digest,
  sizeBytes: 1,
  kernelVersion: '0.1.0',
  entryPoint: { command: ['/x'], environment: [], workingDirectory: '/', user: { uid: 0, gid: 0 } },
  sbom: `registry.example/images@${digest}`,
  compatibility: { missingSystemCalls: [], missingLibraries: [] },
};
