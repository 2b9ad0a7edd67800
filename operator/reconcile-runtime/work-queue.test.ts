import { expect, test } from 'vitest';
import { FakeClock, settle } from '../testing/fake-clock.ts';
import { WorkQueue } from './work-queue.ts';

function make(depthMax?: number) {
  const clock = new FakeClock();
  const isUrgent = (key: string) => key.startsWith('urgent');
  return { clock, queue: new WorkQueue({ name: 'test', clock, isUrgent, ...(depthMax && { depthMax }) }) };
}

test('a key that waits is not queued twice', async () => {
  const { queue } = make();
  for (const key of ['a', 'b', 'a']) queue.add(key);
  expect(queue.depth).toBe(2);
  expect([await queue.get(), await queue.get()]).toEqual(['a', 'b']);
});

test('a key that is added while it is worked on comes again afterwards, once', async () => {
  const { queue } = make();
  queue.add('a');
  expect(await queue.get()).toBe('a');
  queue.add('a');
  queue.add('a');
  expect(queue.depth).toBe(0);
  queue.done('a');
  expect(queue.depth).toBe(1);
  expect(await queue.get()).toBe('a');
  queue.done('a');
  expect(queue.depth).toBe(0);
});

test('no key waits while a worker does, whichever of two keys the first worker takes', async () => {
  const { queue } = make();
  const got: (string | undefined)[] = [];
  for (const which of [{}, {}, { urgentOnly: true }]) void queue.get(which).then((key) => got.push(key));
  await settle();
  queue.add('patient');
  queue.add('urgent');
  await settle();
  expect(got.toSorted()).toEqual(['patient', 'urgent']);
});

test('a worker that waits is woken', async () => {
  const { queue } = make();
  const got = [queue.get(), queue.get()];
  await settle();
  queue.add('a');
  queue.add('b');
  expect(await Promise.all(got)).toEqual(['a', 'b']);
});

test('a delayed key comes at its time, the earliest of several', async () => {
  const { clock, queue } = make();
  queue.addAfter('a', 1000);
  queue.addAfter('a', 500);
  queue.addAfter('a', 2000);
  await clock.advance(499);
  expect(queue.depth).toBe(0);
  await clock.advance(1);
  expect(queue.depth).toBe(1);
  expect(clock.pending).toBe(0);
});

test('the back-off of a key doubles from 5 ms to 16 minutes and is forgotten', async () => {
  const { clock, queue } = make();
  const delays: number[] = [];
  for (let failure = 0; failure < 20; failure++) {
    queue.addRateLimited('a');
    const delay = clock.next ?? 0;
    delays.push(delay);
    await clock.advance(delay);
    queue.done((await queue.get()) ?? '');
  }
  expect(delays.slice(0, 4)).toEqual([5, 10, 20, 40]);
  expect(delays.slice(17)).toEqual([655_360, 960_000, 960_000]);
  expect(queue.failures('a')).toBe(20);
  queue.forget('a');
  queue.addRateLimited('a');
  expect(clock.next).toBe(5);
});

test('the failures of one key slow no other', () => {
  const { clock, queue } = make();
  for (let failure = 0; failure < 10; failure++) queue.addRateLimited('a');
  queue.addRateLimited('b');
  expect(clock.next).toBe(5);
});

test('a full queue refuses new keys, but not those that it knows', async () => {
  const { queue } = make(2);
  expect(queue.add('a')).toBe(true);
  expect(queue.addAfter('b', 1000)).toBe(true);
  expect(queue.add('c')).toBe(false);
  expect(queue.addAfter('c', 1000)).toBe(false);
  expect(queue.add('a')).toBe(true);
  expect(queue.add('b')).toBe(true);
  expect(await queue.get()).toBe('a');
});

test('shutting down ends the workers and drops what waits', async () => {
  const { clock, queue } = make();
  const got = queue.get();
  await settle();
  queue.addAfter('later', 1000);
  queue.shutDown();
  expect(await got).toBeUndefined();
  expect(queue.add('a')).toBe(false);
  expect(clock.pending).toBe(0);
  expect(await queue.get()).toBeUndefined();
});

test('the longest-running key is measured', async () => {
  const { clock, queue } = make();
  queue.add('a');
  await queue.get();
  await clock.advance(3000);
  queue.add('b');
  await queue.get();
  await clock.advance(1000);
  expect(queue.longestRunningSeconds).toBe(4);
  queue.done('a');
  expect(queue.longestRunningSeconds).toBe(1);
});

test('urgent keys come first, and every fourth turn is for the others', async () => {
  const { queue } = make();
  for (const key of ['a', 'b', 'urgent 1', 'urgent 2', 'urgent 3', 'urgent 4']) queue.add(key);
  expect(queue.depth).toBe(6);
  const order: (string | undefined)[] = [];
  while (queue.depth > 0) order.push(await queue.get());
  expect(order).toEqual(['urgent 1', 'urgent 2', 'urgent 3', 'a', 'urgent 4', 'b']);
});

test('whoever waits for urgent keys only is not woken by others, and ends with the queue', async () => {
  const { queue } = make();
  const urgent = queue.get({ urgentOnly: true });
  const any = queue.get();
  await settle();
  queue.add('a');
  expect(await any).toBe('a');
  queue.add('urgent');
  expect(await urgent).toBe('urgent');
  const last = queue.get({ urgentOnly: true });
  queue.shutDown();
  expect(await last).toBeUndefined();
});
