import { expect, onTestFinished, test } from 'vitest';
import { ApiError, type ConfigMap, keyOf, resources } from '../kubernetes/index.ts';
import { silentLogger } from '../logger.ts';
import { FakeClock, settle } from '../testing/fake-clock.ts';
import { MemoryClient } from '../testing/memory-client.ts';
import { Controller, type ControllerOptions } from './controller.ts';
import type { ReconcileResult } from './metrics.ts';
import { noRuntimeMetrics } from './metrics.ts';
import { Reflector } from './reflector.ts';

const { configMaps } = resources;
const map = (name: string): ConfigMap => ({ metadata: { namespace: 'shop', name } });

function run(reconcile: ControllerOptions['reconcile'], options: Partial<ControllerOptions> = {}) {
  const clock = new FakeClock();
  const results: ReconcileResult[] = [];
  const metrics = {
    ...noRuntimeMetrics,
    reconciled: (_: string, result: ReconcileResult) => void results.push(result),
  };
  const controller = new Controller({ name: 'test', reconcile, logger: silentLogger, clock, metrics, ...options });
  const stop = new AbortController();
  const start = () => {
    const ended = controller.start(stop.signal);
    onTestFinished(async () => {
      stop.abort();
      await ended;
    });
    return ended;
  };
  return { clock, controller, results, stop, start };
}

test('what fails is tried again with longer and longer pauses, until it succeeds', async () => {
  let failures = 3;
  const { clock, controller, results, start } = run(async () => {
    if (failures-- > 0) throw new Error('a fault of the test');
  });
  void start();
  controller.enqueue('a');
  for (const pause of [5, 10, 20]) {
    await settle();
    expect(clock.next).toBe(pause);
    await clock.advance(pause);
  }
  expect(results).toEqual(['error', 'error', 'error', 'success']);
  expect(clock.pending).toBe(0);
});

test('a throw that no promise holds is contained as well', async () => {
  const { controller, results, start } = run((() => {
    throw new Error('a fault of the test');
  }) as ControllerOptions['reconcile']);
  void start();
  controller.enqueue('a');
  await settle();
  expect(results).toEqual(['error']);
});

test('a conflict is counted apart', async () => {
  const { controller, results, start } = run(async () => {
    throw new ApiError('a fault of the test', { status: 409, reason: 'Conflict' });
  });
  void start();
  controller.enqueue('a');
  await settle();
  expect(results).toEqual(['conflict']);
});

test('a reconcile can ask to be called again later', async () => {
  const { clock, controller, results, start } = run(async () => ({ requeueAfterSeconds: 30 }));
  void start();
  controller.enqueue('a');
  await settle();
  expect(clock.next).toBe(30_000);
  await clock.advance(30_000);
  expect(results).toEqual(['requeue-after', 'requeue-after']);
});

test('a reconcile that asks for itself at once is no hot loop', async () => {
  const { clock, controller, start } = run(async () => ({ requeueAfterSeconds: 0 }));
  void start();
  controller.enqueue('a');
  await settle();
  expect(clock.next).toBe(10);
});

test('one key is never worked on twice at a time, and no change is lost', async () => {
  const running = new Set<string>();
  const seen: string[] = [];
  const gate = Promise.withResolvers<void>();
  const { controller, start } = run(
    async (key) => {
      expect(running.has(key)).toBe(false);
      running.add(key);
      seen.push(key);
      await gate.promise;
      running.delete(key);
    },
    { concurrency: 3 },
  );
  void start();
  for (const key of ['a', 'a', 'b']) controller.enqueue(key);
  await settle();
  controller.enqueue('a');
  await settle();
  expect(seen).toEqual(['a', 'b']);
  gate.resolve();
  await settle();
  expect(seen).toEqual(['a', 'b', 'a']);
});

test('it works only after its caches have been read, on all objects in them', async () => {
  const client = new MemoryClient();
  for (const name of ['a', 'b']) client.objects.for(configMaps).create({ ...map(name) });
  const reflector = new Reflector({ client, resource: configMaps, logger: silentLogger });
  const seen: string[] = [];
  const { controller, stop, start } = run(async (key) => void seen.push(key));
  controller.watch(reflector.cache, ({ object }) => [keyOf(object.metadata)]);
  void start();
  controller.enqueue('shop/other');
  await settle();
  expect(seen).toEqual([]);
  const followed = reflector.start(stop.signal);
  onTestFinished(() => followed);
  await reflector.cache.synced();
  await settle();
  expect(seen.sort()).toEqual(['shop/a', 'shop/b', 'shop/other']);
  await client.create(configMaps, map('c'));
  await settle();
  expect(seen.at(-1)).toBe('shop/c');
  stop.abort();
});

test('stopping waits for the reconcile that runs, and tells it', async () => {
  const gate = Promise.withResolvers<void>();
  let told = false;
  const { controller, stop, start } = run(async (_, signal) => {
    signal.addEventListener('abort', () => {
      told = true;
    });
    await gate.promise;
  });
  const ended = start();
  controller.enqueue('a');
  await settle();
  stop.abort();
  let over = false;
  void ended.then(() => {
    over = true;
  });
  await settle();
  expect([told, over]).toEqual([true, false]);
  gate.resolve();
  await ended;
});

test('after a queue that was full every object is looked at', async () => {
  const client = new MemoryClient();
  for (const name of ['a', 'b', 'c', 'd']) client.objects.for(configMaps).create({ ...map(name) });
  const reflector = new Reflector({ client, resource: configMaps, logger: silentLogger });
  const seen = new Set<string>();
  const { controller, stop, start } = run(async (key) => void seen.add(key), { queueDepthMax: 2 });
  controller.watch(reflector.cache, ({ object }) => [keyOf(object.metadata)]);
  const followed = reflector.start(stop.signal);
  await reflector.cache.synced();
  void start();
  await settle();
  expect([...seen].sort()).toEqual(['shop/a', 'shop/b', 'shop/c', 'shop/d']);
  stop.abort();
  await followed;
});

test('no work begins before everything is known that it looks at', async () => {
  const passes: string[] = [];
  const { controller, start } = run(async (key) => void passes.push(key));
  const known = Promise.withResolvers<void>();
  controller.startAfter(() => known.promise);
  controller.enqueue('a');
  void start();
  await settle();
  expect(passes).toEqual([]);
  known.resolve();
  await settle();
  expect(passes).toEqual(['a']);
});
