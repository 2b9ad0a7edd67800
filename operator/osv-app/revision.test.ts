import { expect, test } from 'vitest';
import { canonicalJson, revisionName } from './revision.ts';

const spec = { source: { packages: { names: ['redis-server'] } }, replicas: 2, args: ['--save', ''] };

test('a revision is named by what instances are made of', () => {
  const name = revisionName(spec, 'r@sha256:1', 'x');
  expect(name).toMatch(/^[0-9a-f]{10}$/);
  expect(revisionName({ ...spec, replicas: 5, paused: true, strategy: { maxSurge: 2 } }, 'r@sha256:1', 'x')).toBe(name);
  expect(revisionName({ ...spec, args: ['--save'] }, 'r@sha256:1', 'x')).not.toBe(name);
  expect(revisionName(spec, 'r@sha256:2', 'x')).not.toBe(name);
  expect(revisionName(spec, 'r@sha256:1', 'y')).not.toBe(name);
});

test('the order of fields means nothing', () => {
  expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: undefined })).toBe(canonicalJson({ b: [{ c: 2, d: 1 }] }));
});
