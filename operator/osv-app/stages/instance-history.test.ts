import { expect, test } from 'vitest';
import type { AppStatus, Observed } from '../model.ts';
import { crash, instance, machine, observed } from '../testing/observed.ts';
import { reportInstances } from './report-instances.ts';

const a = instance('r', 'redis-r-a');
const b = instance('r', 'redis-r-b');
const gone = { phase: 'Failed', ready: false, leaving: true };
const aEnded = instance('r', 'redis-r-a', gone);
const aCrash = crash('r', 'redis-r-a', -5);

type Reports = NonNullable<AppStatus['instances']>;

/** Name, number of ends, and time of the last one, after passes one after the other. */
function after(...passes: (Partial<Observed> & { spec?: { replicas: number } })[]) {
  const last = passes.reduce<Reports>(
    (instances, change) => reportInstances(observed({ ...change, status: { instances } })).status?.instances ?? [],
    [],
  );
  return last.map(({ name, restarts, lastTermination }) => [name, restarts, lastTermination?.finishedAt]);
}

const at = (seconds: number) => new Date(Date.parse('2026-01-01T00:00:00Z') + seconds * 1000).toISOString();

test('one that ends says when and how, once', () => {
  const pass = { instances: [aEnded], crashes: [aCrash] };
  expect(after({ instances: [a] }, pass, pass)).toEqual([['redis-r-a', 1, at(-5)]]);
  const [report] = reportInstances(observed(pass)).status?.instances ?? [];
  expect(report?.lastTermination).toMatchObject({ reason: 'Failed', message: expect.stringMatching(/\.$/) });
  const orderly = { instances: [aEnded], crashes: [crash('r', 'redis-r-a', -5, 'Succeeded')] };
  expect(reportInstances(observed(orderly)).status?.instances?.[0]?.lastTermination?.reason).toBe('Ended');
});

test('one that was deleted has not ended by itself', () => {
  expect(after({ instances: [a] }, { instances: [instance('r', 'redis-r-a', gone)] })).toEqual([
    ['redis-r-a', undefined, undefined],
  ]);
});

test('the next instance of a set takes over, whether the ended one is still there or not', () => {
  const both = { instances: [aEnded, b], crashes: [aCrash] };
  const taken = [['redis-r-b', 1, at(-5)]];
  expect(after({ instances: [a] }, both)).toEqual(taken);
  expect(after({ instances: [a] }, both, both)).toEqual(taken);
  expect(after({ instances: [a] }, { instances: [aEnded], crashes: [aCrash] }, { instances: [b] })).toEqual(taken);
  const c = instance('r', 'redis-r-c');
  const bEnded = { instances: [instance('r', 'redis-r-b', gone), c], crashes: [crash('r', 'redis-r-b', -1)] };
  expect(after({ instances: [a] }, both, bEnded, { instances: [c] })).toEqual([['redis-r-c', 2, at(-1)]]);
});

test('one that stays visible after it has ended is counted once, however often others end meanwhile', () => {
  const [c, d] = [instance('r', 'redis-r-c'), instance('r', 'redis-r-d')];
  const [bEnded, cEnded] = [instance('r', 'redis-r-b', gone), instance('r', 'redis-r-c', gone)];
  const [bCrash, cCrash] = [crash('r', 'redis-r-b', -3), crash('r', 'redis-r-c', -1)];
  const passes = [
    { instances: [aEnded, b], crashes: [aCrash] },
    { instances: [aEnded, bEnded, c], crashes: [aCrash, bCrash] },
    { instances: [aEnded, bEnded, c], crashes: [aCrash, bCrash] },
    { instances: [aEnded, bEnded, cEnded], crashes: [aCrash, bCrash, cCrash] },
    { instances: [aEnded, bEnded, cEnded, d], crashes: [aCrash, bCrash, cCrash] },
  ];
  expect(after({ instances: [a] }, ...passes)).toEqual([['redis-r-d', 3, at(-1)]]);
});

test('one that came and ended between two passes takes over, too', () => {
  const c = instance('r', 'redis-r-c');
  const bEnded = instance('r', 'redis-r-b', gone);
  const bCrash = { ...crash('r', 'redis-r-b', -1), createdAt: new Date(at(-4)) };
  const first = { instances: [aEnded], crashes: [aCrash] };
  const second = { instances: [bEnded], crashes: [bCrash] };
  expect(after({ instances: [a] }, first, second, { instances: [bEnded, c], crashes: [bCrash] })).toEqual([
    ['redis-r-c', 2, at(-1)],
  ]);
  // Nobody's successor: it was there before the other one ended.
  const old = { ...bCrash, createdAt: new Date(at(-60)) };
  const both = { instances: [aEnded, bEnded], crashes: [aCrash, old], spec: { replicas: 2 } };
  expect(after({ instances: [a] }, both)).toEqual([
    ['redis-r-a', 1, at(-5)],
    ['redis-r-b', 1, at(-1)],
  ]);
});

test('several in a row that end in the same second are each counted, once', () => {
  const [c, d] = [instance('r', 'redis-r-c'), instance('r', 'redis-r-d')];
  const bEnded = instance('r', 'redis-r-b', gone);
  const made = (one: ReturnType<typeof crash>, seconds: number) => ({ ...one, createdAt: new Date(at(seconds)) });
  const crashes = [made(crash('r', 'redis-r-a', -5), -60), made(crash('r', 'redis-r-b', -5), -5)];
  // Seen each for itself.
  const first = { instances: [aEnded, b], crashes: crashes.slice(0, 1) };
  const second = { instances: [bEnded, aEnded], crashes: crashes.toReversed() };
  const third = { instances: [aEnded, bEnded, c], crashes };
  const remembered = { instances: [c], crashesOfGone: crashes };
  expect(after({ instances: [a] }, first, second, third, third)).toEqual([['redis-r-c', 2, at(-5)]]);
  expect(after({ instances: [a] }, first, second, remembered, remembered)).toEqual([['redis-r-c', 2, at(-5)]]);
  // The second one was never seen to live.
  const ended = { instances: [aEnded], crashes: crashes.slice(0, 1) };
  expect(after({ instances: [a] }, ended, second, third, third)).toEqual([['redis-r-c', 2, at(-5)]]);
  const later = { instances: [d], crashesOfGone: [...crashes, made(crash('r', 'redis-r-c', -1), -5)] };
  expect(after({ instances: [a] }, first, third, later, later)).toEqual([['redis-r-d', 3, at(-1)]]);
  // A machine's instances have one name.
  const machines = [machine('r', 0)];
  const ofMachine = ['first', 'second'].map((uid, index) => ({
    ...crash('r', 'redis-0', -5),
    uid,
    createdAt: new Date(at(-9 + index)),
  }));
  const running = { machines, instances: [instance('r', 'redis-0', { uid: 'third' })] };
  const passes = [ofMachine.slice(0, 1), ofMachine, ofMachine].map((crashesOfGone) => ({ ...running, crashesOfGone }));
  expect(after(running, ...passes)).toEqual([['redis-0', 2, at(-5)]]);
});

test('a status of before there were UIDs in it counts no end again', () => {
  const lastTermination = { reason: 'Failed', message: '', finishedAt: at(-5) };
  const reports = [{ name: 'redis-r-a', phase: 'Failed', restarts: 1, lastTermination }];
  const pass = observed({ instances: [aEnded], crashes: [aCrash], status: { instances: reports } });
  expect(reportInstances(pass).status?.instances).toMatchObject([{ restarts: 1, lastTermination }]);
  const taken = [{ name: 'redis-r-b', phase: 'Running', restarts: 1, lastTermination }];
  const next = observed({ instances: [b], crashesOfGone: [aCrash], status: { instances: taken } });
  expect(reportInstances(next).status?.instances).toMatchObject([{ name: 'redis-r-b', restarts: 1, lastTermination }]);
});

test('one of another revision takes over nothing', () => {
  const next = instance('s', 'redis-s-a');
  expect(after({ instances: [a] }, { instances: [aEnded], crashes: [aCrash] }, { instances: [next] })).toEqual([
    ['redis-s-a', undefined, undefined],
  ]);
});

test('several that end in the same second are each taken over once', () => {
  const ended = {
    instances: [aEnded, instance('r', 'redis-r-b', gone)],
    crashes: [aCrash, crash('r', 'redis-r-b', -5)],
    spec: { replicas: 2 },
  };
  const [c, d] = [instance('r', 'redis-r-c'), instance('r', 'redis-r-d')];
  const one = { ...ended, instances: [...ended.instances, c] };
  const two = { ...ended, instances: [...ended.instances, c, d] };
  expect(after({ instances: [a, b] }, ended, one, two, two)).toEqual([
    ['redis-r-c', 1, at(-5)],
    ['redis-r-d', 1, at(-5)],
  ]);
});

test('one that is gone stays in the list while its delay lasts, and no longer', () => {
  const ended = { instances: [aEnded], crashes: [aCrash] };
  expect(after({ instances: [a] }, ended, {}, {})).toEqual([['redis-r-a', 1, at(-5)]]);
  expect(after({ instances: [a] }, ended, { spec: { replicas: 0 } })).toEqual([]);
});

test('the instances of a machine have one history', () => {
  const machines = [machine('r', 0)];
  const running = { machines, instances: [instance('r', 'redis-0', { uid: 'second' })] };
  const first = { machines, instances: [instance('r', 'redis-0', gone)], crashes: [crash('r', 'redis-0', -5)] };
  const again = {
    machines,
    instances: [instance('r', 'redis-0', { ...gone, uid: 'second' })],
    crashes: [{ ...crash('r', 'redis-0', -1), uid: 'second' }],
  };
  expect(after(first, first, { machines }, running)).toEqual([['redis-0', 1, at(-5)]]);
  expect(after(first, { machines }, running, again, { machines })).toEqual([['redis-0', 2, at(-1)]]);
});

test('one that ended and was gone before anybody looked counts once, however long it is remembered', () => {
  const c = instance('r', 'redis-r-c');
  const unseen = { instances: [b], crashesOfGone: [aCrash] };
  expect(after({ instances: [a] }, unseen, unseen)).toEqual([['redis-r-b', 1, at(-5)]]);
  const both = { instances: [c], crashesOfGone: [aCrash, crash('r', 'redis-r-b', -1)] };
  expect(after({ instances: [a] }, unseen, both, both)).toEqual([['redis-r-c', 2, at(-1)]]);
  const machines = [machine('r', 0)];
  const next = { machines, instances: [instance('r', 'redis-0', { uid: 'second' })] };
  const gone = { ...next, crashesOfGone: [crash('r', 'redis-0', -5)] };
  expect(after(next, gone, gone)).toEqual([['redis-0', 1, at(-5)]]);
});

test('the list stays bounded', () => {
  const many = Array.from({ length: 150 }, (_, index) => instance('r', `redis-r-${index}`, gone));
  const createdAt = new Date(at(-1000));
  const crashes = many.map(({ name }, index) => ({ ...crash('r', name, -index), createdAt }));
  expect(after({ instances: many, crashes, spec: { replicas: 150 } })).toHaveLength(100);
});
