import { afterEach, expect, test } from 'vitest';
import type { ConfigMap } from '../kubernetes/index.ts';
import { silentLogger } from '../logger.ts';
import { noOperatorMetrics } from '../metrics.ts';
import { observed } from '../osv-app/testing/observed.ts';
import { MemoryCache } from '../reconcile-runtime/object-cache.ts';
import { MemoryClient } from '../testing/memory-client.ts';
import { waitFor } from '../testing/wait-for.ts';
import { ImageRecords } from './image-records.ts';
import { ProcessImageBuilder } from './process-image-builder.ts';

const { app } = observed();
const stop = new AbortController();
afterEach(() => stop.abort());

test('a build that nobody wants any more has not failed, whether it waits or runs', async () => {
  const cache = new MemoryCache<ConfigMap>((error) => {
    throw error;
  });
  cache.retain(new Set());
  const ends: string[] = [];
  const builder = new ProcessImageBuilder({
    identity: 'builder',
    records: new ImageRecords(new MemoryClient(), 'osv-system', cache),
    logger: silentLogger,
    now: () => new Date(),
    metrics: { ...noOperatorMetrics, buildEnded: (result) => void ends.push(result) },
    // The builder refuses to work without knowing where to push an image.
    flags: [],
    concurrency: 1,
  });
  void builder.start(stop.signal);
  builder.build('fails', app);
  builder.build('waits', app);
  builder.abandon('waits', app);
  expect(builder.state('waits').state).toBe('absent');
  await waitFor(() => builder.state('fails').state === 'failed');
  builder.build('runs', app);
  builder.abandon('runs', app);
  await waitFor(() => builder.state('runs').state === 'absent');
  expect(ends).toEqual(['failed']);
});
