import { expect, test } from 'vitest';
import { FakeClock, settle } from '../testing/fake-clock.ts';
import { type Priority, RateLimit } from './rate-limit.ts';

function make(qps: number, burst: number) {
  const clock = new FakeClock();
  const limit = new RateLimit({ qps, burst, clock });
  const served: string[] = [];
  const take = (name: string, priority: Priority = 'normal', signal?: AbortSignal) =>
    limit.take(priority, signal).then(() => void served.push(name));
  return { clock, limit, served, take };
}

test('a burst passes at once, the rest at the rate', async () => {
  const { clock, limit, served, take } = make(10, 3);
  for (const name of ['a', 'b', 'c', 'd', 'e']) void take(name);
  await settle();
  expect(served).toEqual(['a', 'b', 'c']);
  await clock.advance(100);
  expect(served).toEqual(['a', 'b', 'c', 'd']);
  await clock.advance(100);
  expect(served.at(-1)).toBe('e');
  expect([limit.waiting, clock.pending]).toEqual([0, 0]);
});

test('rest fills the burst, and no more', async () => {
  const { clock, served, take } = make(10, 2);
  await Promise.all([take('a'), take('b')]);
  await clock.advance(60_000);
  for (const name of ['c', 'd', 'e']) void take(name);
  await settle();
  expect(served).toEqual(['a', 'b', 'c', 'd']);
});

test('leases pass before all that waits', async () => {
  const { clock, served, take } = make(1, 1);
  for (const name of ['a', 'b', 'c']) void take(name);
  void take('lease', 'high');
  await clock.advance(1000);
  expect(served).toEqual(['a', 'lease']);
});

test('one that gives up leaves its place to the next', async () => {
  const { clock, served, take } = make(1, 1);
  const stop = new AbortController();
  void take('a');
  const given = take('b', 'normal', stop.signal);
  void take('c');
  stop.abort(new Error('enough'));
  await expect(given).rejects.toThrow('enough');
  await clock.advance(1000);
  expect(served).toEqual(['a', 'c']);
});

test('what only tells of work passes after work, and is not kept waiting for ever', async () => {
  const { clock, served, take } = make(1, 1);
  void take('first');
  void take('status', 'low');
  for (let index = 0; index < 10; index++) void take(`work ${index}`);
  await clock.advance(9000);
  expect(served.slice(0, 8)).toEqual(['first', ...Array.from({ length: 7 }, (_, index) => `work ${index}`)]);
  expect(served.slice(8)).toEqual(['status', 'work 7']);
});
