import { expect, test } from 'vitest';
import { type MachineState, type MachinesState, planMachines } from './plan-machines.ts';

const machine = (ordinal: number, change: Partial<MachineState> = {}): MachineState => ({
  ordinal,
  updated: true,
  leaving: false,
  instance: 'updated',
  ready: true,
  ...change,
});
const old = { updated: false, instance: 'outdated' } as const;
const starting = { ready: false } as const;

const plan = (machines: MachineState[], change: Partial<MachinesState> = {}) => {
  const step = planMachines({ wanted: 3, unavailable: 1, recreate: false, machines, ...change });
  // Only what is to be done, so that a test says no more than it is about.
  return Object.fromEntries(Object.entries(step).filter(([, value]) => value === true || (value as []).length > 0));
};

test('they are made from 0 on, each when those before it are ready', () => {
  expect(plan([])).toEqual({ create: [0] });
  expect(plan([machine(0, starting)])).toEqual({});
  expect(plan([machine(0)])).toEqual({ create: [1] });
  expect(plan([machine(0), machine(1), machine(2)])).toEqual({ complete: true });
});

test('one that is gone is made again, whatever stands after it', () => {
  expect(plan([machine(0), machine(2)])).toEqual({ create: [1] });
  expect(plan([machine(0), machine(1, { leaving: true }), machine(2)])).toEqual({});
});

test('they are updated from the highest down, one at a time', () => {
  expect(plan([machine(0, old), machine(1, old), machine(2, old)])).toEqual({ update: [2], restart: [2] });
  // The template is there, its instance still the old one: the operator ended in between.
  const between = machine(2, { updated: true, instance: 'outdated' });
  expect(plan([machine(0, old), machine(1, old), between])).toEqual({ restart: [2] });
  const going = machine(2, { instance: 'leaving', ready: false });
  expect(plan([machine(0, old), machine(1, old), going])).toEqual({});
  expect(plan([machine(0, old), machine(1, old), machine(2, starting)])).toEqual({});
  expect(plan([machine(0, old), machine(1, old), machine(2)])).toEqual({ update: [1], restart: [1] });
});

test('as many are updated at once as may be missing', () => {
  const machines = [machine(0, old), machine(1, old), machine(2, old)];
  expect(plan(machines, { unavailable: 2 })).toEqual({ update: [2, 1], restart: [2, 1] });
  expect(plan([machine(0, old), machine(1, old), machine(2, starting)], { unavailable: 2 })).toEqual({
    update: [1],
    restart: [1],
  });
});

test('a revision that never comes up can be left: what is not ready is updated at once', () => {
  const broken = { ...old, ready: false };
  expect(plan([machine(0), machine(1), machine(2, broken)])).toEqual({ update: [2], restart: [2] });
  expect(plan([machine(0, broken)])).toEqual({ update: [0], restart: [0] });
});

test('they go from the highest down, each when the one above it is gone', () => {
  const machines = [machine(0), machine(1), machine(2)];
  expect(plan(machines, { wanted: 1 })).toEqual({ remove: [2] });
  expect(plan([machine(0), machine(1), machine(2, { leaving: true })], { wanted: 1 })).toEqual({});
  expect(plan([machine(0), machine(1)], { wanted: 1 })).toEqual({ remove: [1] });
  expect(plan([machine(0)], { wanted: 1 })).toEqual({ complete: true });
  expect(plan([machine(0)], { wanted: 0 })).toEqual({ remove: [0] });
  expect(plan([], { wanted: 0 })).toEqual({ complete: true });
});

test('Recreate ends all of them before the first of the new revision', () => {
  const recreate = { recreate: true };
  expect(plan([machine(0, old), machine(1, old), machine(2, old)], recreate)).toEqual({ halt: [2, 1, 0] });
  const gone = { updated: false, instance: 'none', ready: false } as const;
  expect(plan([machine(0, old), machine(1, gone), machine(2, gone)], recreate)).toEqual({ halt: [2, 1, 0] });
  expect(plan([machine(0, gone), machine(1, gone), machine(2, gone)], recreate)).toEqual({ update: [2, 1, 0] });
});
