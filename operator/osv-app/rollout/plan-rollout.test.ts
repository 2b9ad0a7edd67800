import { expect, test } from 'vitest';
import { planRollout, type RolloutState } from './plan-rollout.ts';

const state = (part: Partial<RolloutState>): RolloutState => ({
  wanted: 3,
  limits: { surge: 1, unavailable: 0 },
  recreate: false,
  current: undefined,
  previous: [],
  previousInstances: 0,
  ...part,
});

const set = (name: string, replicas: number, ready = replicas) => ({ name, replicas, ready });

test('a first revision starts in full', () => {
  expect(planRollout(state({}))).toMatchObject({ current: 3, complete: false });
  expect(planRollout(state({ current: set('new', 3) }))).toMatchObject({ current: 3, complete: true });
});

test('without unavailability one is added, and one is taken only when the new one is ready', () => {
  const old = set('old', 3);
  expect(planRollout(state({ previous: [old] }))).toMatchObject({ current: 1, previous: new Map() });
  const waiting = planRollout(state({ current: set('new', 1, 0), previous: [old] }));
  expect(waiting).toMatchObject({ current: 1, previous: new Map() });
  const ready = planRollout(state({ current: set('new', 1), previous: [old] }));
  expect(ready).toMatchObject({ current: 1, previous: new Map([['old', 2]]) });
});

test('old instances that are not ready go first', () => {
  const limits = { surge: 0, unavailable: 1 };
  const plan = planRollout(state({ limits, current: set('new', 0), previous: [set('a', 2), set('b', 1, 0)] }));
  expect(plan.previous).toEqual(new Map([['b', 0]]));
});

test('Recreate waits until the last instance of the old revision is gone', () => {
  const recreate = (part: Partial<RolloutState>) => planRollout(state({ recreate: true, ...part }));
  expect(recreate({ previous: [set('old', 3)], previousInstances: 3 })).toMatchObject({
    current: 0,
    previous: new Map([['old', 0]]),
  });
  expect(recreate({ previous: [set('old', 0)], previousInstances: 1 })).toMatchObject({ current: 0 });
  expect(recreate({ previous: [set('old', 0)] })).toMatchObject({ current: 3 });
});

test('fewer wanted replicas shrink the revision', () => {
  expect(planRollout(state({ wanted: 1, current: set('new', 3) }))).toMatchObject({ current: 1 });
  expect(planRollout(state({ wanted: 0, current: set('new', 3) }))).toMatchObject({ current: 0 });
});

/** A small generator with a seed (Numerical Recipes, "An Even Quicker Generator"). */
function randomNumbers(seed: number): (below: number) => number {
  let value = seed;
  return (below) => {
    value = (Math.imul(value, 1664525) + 1013904223) >>> 0;
    return Math.floor((value / 2 ** 32) * below);
  };
}

interface SimulatedSet {
  name: string;
  replicas: number;
  /** True for each instance that is ready. */
  instances: boolean[];
}

/** What KubeVirt does meanwhile, in random small steps: it starts and ends instances, and some become ready. */
function simulate(sets: SimulatedSet[], random: (below: number) => number): void {
  for (const set of sets) {
    if (set.instances.length < set.replicas && random(2)) set.instances.push(false);
    if (set.instances.length > set.replicas && random(2)) set.instances.splice(random(set.instances.length), 1);
    const unready = set.instances.indexOf(false);
    if (unready >= 0 && random(3) === 0) set.instances[unready] = true;
  }
}

test.each(Array.from({ length: 200 }, (_, seed) => seed))('a rollout keeps its limits and ends, seed %d', (seed) => {
  const random = randomNumbers(seed);
  const wanted = 1 + random(8);
  const surge = random(4);
  const unavailable = surge === 0 ? 1 + random(3) : random(3);
  const full = (name: string, replicas: number): SimulatedSet => ({
    name,
    replicas,
    instances: Array.from({ length: replicas }, () => true),
  });
  const old = random(wanted + 1);
  const previous = [full('a', old), full('b', wanted - old)];
  const current = full('new', 0);
  const ready = (set: SimulatedSet) => set.instances.filter(Boolean).length;
  for (let step = 0; ; step += 1) {
    expect(step).toBeLessThan(2000);
    const view = ({ name, replicas, instances }: SimulatedSet) => ({
      name,
      replicas,
      ready: Math.min(replicas, instances.filter(Boolean).length),
    });
    const plan = planRollout({
      wanted,
      limits: { surge, unavailable },
      recreate: false,
      current: view(current),
      previous: previous.map(view),
      previousInstances: previous.reduce((total, { instances }) => total + instances.length, 0),
    });
    if (plan.complete) break;
    current.replicas = plan.current;
    for (const set of previous) set.replicas = plan.previous.get(set.name) ?? set.replicas;
    const asked = [current, ...previous].reduce((total, { replicas }) => total + replicas, 0);
    expect(asked).toBeLessThanOrEqual(wanted + surge);
    simulate([current, ...previous], random);
    const readyNow = [current, ...previous].reduce((total, set) => total + ready(set), 0);
    expect(readyNow).toBeGreaterThanOrEqual(wanted - unavailable);
  }
  expect(ready(current)).toBe(wanted);
});
