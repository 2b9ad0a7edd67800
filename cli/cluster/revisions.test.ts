import { expect, test } from 'vitest';
import { clusterApp, revisionSet } from '../testing/cluster-app.ts';
import { changedFields, chooseRevision, revisionsOf } from './revisions.ts';

const app = clusterApp({}, { args: ['--now'] });
const sets = [
  revisionSet(app, 2),
  revisionSet(app, 10, { args: ['--later'] }),
  revisionSet(app, 1, { args: [], env: [{ name: 'A', value: '1' }] }),
];

test('revisions are in the order of their numbers, and say what changed', () => {
  const revisions = revisionsOf(app, sets);
  expect(revisions.map(({ number, current, changed }) => [number, current, changed])).toEqual([
    [1, false, []],
    [2, true, ['args', 'env']],
    [10, false, ['args']],
  ]);
  expect(revisions[1]?.image).toBe(`registry.example/redis@sha256:${'0'.repeat(63)}2`);
});

test('of several revisions with the spec of now, the one with the image of the status is the current one', () => {
  const twins = [revisionSet(app, 1), revisionSet(app, 2), revisionSet(app, 3)];
  const current = (reference?: string) => {
    const status = reference ? { image: { reference } } : {};
    return revisionsOf({ ...app, status }, twins).find((revision) => revision.current)?.number;
  };
  expect(current()).toBe(3);
  expect(current(`registry.example/redis@sha256:${'0'.repeat(63)}2`)).toBe(2);
  expect(current('registry.example/another')).toBe(3);
});

test('the revision before is the latest that is not the current one', () => {
  const revisions = revisionsOf(app, sets);
  expect(chooseRevision(app, revisions, 0).number).toBe(10);
  expect(chooseRevision(app, revisions, 1).number).toBe(1);
});

test('while a new spec has no revision yet, the revision before is the latest of all', () => {
  const changed = { ...app, spec: { ...app.spec, args: ['--newest'] } };
  expect(chooseRevision(changed, revisionsOf(changed, sets), 0).number).toBe(10);
});

test('a revision that there is not is refused with those that there are', () => {
  expect(() => chooseRevision(app, revisionsOf(app, sets), 7)).toThrow('redis has no revision 7; there are: 1, 2, 10.');
  expect(() => chooseRevision(app, [], 0)).toThrow('redis has no revisions yet');
  const [only] = revisionsOf(app, [revisionSet(app, 2)]);
  expect(() => chooseRevision(app, only ? [only] : [], 0)).toThrow('redis has only ever had one revision, 2.');
});

test('the revision of an app with a volume for each replica has as many instances as are updated', () => {
  const stateful = clusterApp({}, { volumes: [{ name: 'data', mountPath: '/data', size: '1Gi' }] });
  expect(revisionsOf(stateful, [revisionSet(stateful, 1)])).toMatchObject([{ replicas: 2, readyReplicas: 2 }]);
});

test('the order of keys is no change', () => {
  const before = { source: { image: { reference: 'a' } }, resources: { cpus: 1, memory: '1Gi' } };
  const after = { resources: { memory: '1Gi', cpus: 1 }, source: { image: { reference: 'a' } }, args: [] };
  expect(changedFields(before, after)).toEqual(['args']);
});

test('an annotation that somebody has spoilt is named', () => {
  const spoilt = revisionSet(app, 1);
  spoilt.metadata.annotations = { 'osvapp.dev/revision-spec': '{' };
  expect(() => revisionsOf(app, [spoilt])).toThrow('osvapp.dev/revision-spec of redis-1111111111 is no JSON');
});
