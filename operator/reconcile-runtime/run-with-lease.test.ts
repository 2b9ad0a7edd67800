import { expect, test } from 'vitest';
import { ApiError, resources } from '../kubernetes/index.ts';
import { FakeClock, settle } from '../testing/fake-clock.ts';
import { MemoryClient } from '../testing/memory-client.ts';
import { type LeaseEnd, type LeaseOptions, runWithLease } from './run-with-lease.ts';

const reference = { namespace: 'system', name: 'operator' };
const failure = new ApiError('a fault of the test', { status: 500 });
const isWrite = ({ verb }: { verb: string }) => verb === 'create' || verb === 'patch';

function cluster() {
  const clock = new FakeClock();
  const client = new MemoryClient({ now: () => clock.now() });
  const lease = async () => (await client.get(resources.leases, reference))?.spec;
  return { clock, client, lease };
}

function candidate(
  { clock, client }: ReturnType<typeof cluster>,
  identity: string,
  options: Partial<LeaseOptions> = {},
) {
  const state = { leads: false, ended: undefined as LeaseEnd | undefined, stoppedCalls: 0 };
  const stop = new AbortController();
  const run = runWithLease({
    client,
    ...reference,
    identity,
    clock,
    random: () => 0,
    signal: stop.signal,
    onStartedLeading(signal) {
      state.leads = true;
      signal.addEventListener('abort', () => {
        state.leads = false;
      });
    },
    onStoppedLeading() {
      state.stoppedCalls += 1;
    },
    ...options,
  }).then((ended) => {
    state.ended = ended;
    return ended;
  });
  return { state, stop, run };
}

test('the first one leads, writes who it is, and renews every two seconds', async () => {
  const all = cluster();
  const a = candidate(all, 'a');
  await settle();
  expect(a.state.leads).toBe(true);
  expect(await all.lease()).toEqual({
    holderIdentity: 'a',
    leaseDurationSeconds: 15,
    acquireTime: '2026-01-01T00:00:00.000000Z',
    renewTime: '2026-01-01T00:00:00.000000Z',
    leaseTransitions: 0,
  });
  await all.clock.advance(60_000);
  expect(await all.lease()).toMatchObject({ renewTime: '2026-01-01T00:01:00.000000Z', leaseTransitions: 0 });
  expect(a.state.leads).toBe(true);
  a.stop.abort();
  await a.run;
});

test('of two, one leads; when it is told to stop it releases, and the other takes over within a retry', async () => {
  const all = cluster();
  const a = candidate(all, 'a');
  await settle();
  const b = candidate(all, 'b');
  await all.clock.advance(60_000);
  expect([a.state.leads, b.state.leads]).toEqual([true, false]);
  a.stop.abort();
  expect(await a.run).toBe('released');
  expect((await all.lease())?.holderIdentity).toBe('');
  await all.clock.advance(2000);
  expect(b.state.leads).toBe(true);
  expect(await all.lease()).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
  b.stop.abort();
  await b.run;
});

test('a leader that vanished is replaced after the lease, not before', async () => {
  const all = cluster();
  await all.client.create(resources.leases, {
    metadata: reference,
    // Its clock is an hour behind ours, which must not matter.
    spec: { holderIdentity: 'dead', leaseDurationSeconds: 15, renewTime: '2025-12-31T23:00:00.000000Z' },
  });
  const b = candidate(all, 'b');
  await all.clock.advance(14_900);
  expect(b.state.leads).toBe(false);
  await all.clock.advance(2000);
  expect(b.state.leads).toBe(true);
  b.stop.abort();
  await b.run;
});

test('a leader that cannot renew stops after ten seconds, before another may begin', async () => {
  const all = cluster();
  const a = candidate(all, 'a');
  await settle();
  all.client.fail(() => true, failure);
  await all.clock.advance(9900);
  expect(a.state.leads).toBe(true);
  await all.clock.advance(200);
  expect(a.state).toMatchObject({ leads: false, ended: 'lost', stoppedCalls: 1 });
});

test('a leader whose requests hang stops as well', async () => {
  const all = cluster();
  const a = candidate(all, 'a');
  await settle();
  all.client.fail(() => true, 'hang');
  await all.clock.advance(10_100);
  expect(a.state).toMatchObject({ leads: false, ended: 'lost' });
});

test('a short failure of the server does not end a leader', async () => {
  const all = cluster();
  const a = candidate(all, 'a');
  await settle();
  const mended = all.client.fail(() => true, failure);
  await all.clock.advance(7000);
  mended();
  await all.clock.advance(60_000);
  expect(a.state.leads).toBe(true);
  a.stop.abort();
  await a.run;
});

test('a leader that sees another one in its place stops at once', async () => {
  const all = cluster();
  const a = candidate(all, 'a');
  await settle();
  await all.client.mergePatch(resources.leases, reference, { spec: { holderIdentity: 'thief' } });
  await all.clock.advance(2000);
  expect(a.state).toMatchObject({ leads: false, ended: 'lost' });
  expect((await all.lease())?.holderIdentity).toBe('thief');
});

test('many that start at the same moment make one leader', async () => {
  const all = cluster();
  const many = Array.from({ length: 10 }, (_, index) => candidate(all, `candidate-${index}`));
  await all.clock.advance(30_000);
  expect(many.filter(({ state }) => state.leads)).toHaveLength(1);
  for (const { stop } of many) stop.abort();
  await Promise.all(many.map(({ run }) => run));
});

test('the lease is renewed until the work has ended, and released only then', async () => {
  const all = cluster();
  const work = Promise.withResolvers<void>();
  const a = candidate(all, 'a', { onStartedLeading: () => work.promise });
  await settle();
  a.stop.abort();
  await all.clock.advance(60_000);
  expect(await all.lease()).toMatchObject({ holderIdentity: 'a', renewTime: '2026-01-01T00:01:00.000000Z' });
  work.resolve();
  expect(await a.run).toBe('released');
  expect((await all.lease())?.holderIdentity).toBe('');
});

test('work that fails gives the lease up and is told of', async () => {
  const all = cluster();
  const a = candidate(all, 'a', { onStartedLeading: () => Promise.reject(new Error('a fault of the test')) });
  await expect(a.run).rejects.toThrow('a fault of the test');
  expect((await all.lease())?.holderIdentity).toBe('');
});

test('one that never led ends without a write', async () => {
  const all = cluster();
  const a = candidate(all, 'a');
  await settle();
  const b = candidate(all, 'b');
  await settle();
  const writes = all.client.calls.filter(isWrite).length;
  b.stop.abort();
  expect(await b.run).toBe('never-led');
  expect(all.client.calls.filter(isWrite)).toHaveLength(writes);
  a.stop.abort();
  await a.run;
});

test('it says until when it surely leads, and no renewal that came too late makes that longer', async () => {
  const all = cluster();
  const until: number[] = [];
  const a = candidate(all, 'a', { onHeldUntil: (milliseconds) => until.push(milliseconds) });
  await settle();
  const begun = all.clock.monotonic();
  expect(until).toEqual([begun + 10_000]);
  await all.clock.advance(2000);
  expect(until.at(-1)).toBe(begun + 12_000);
  all.client.fail(isWrite, failure, 1);
  await all.clock.advance(2000);
  expect(until.at(-1)).toBe(begun + 12_000);
  a.stop.abort();
  await a.run;
});
