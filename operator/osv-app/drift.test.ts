import { expect, test } from 'vitest';
import { needsApply, withAppliedDigest } from './drift.ts';

const wanted = withAppliedDigest({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'a', namespace: 'n', labels: { app: 'a' } },
  spec: { ports: [{ port: 80, name: 'http' }], selector: { app: 'a' } },
} as never);

/** As the server returns it, with what it adds by itself. */
function served(change: (object: Record<string, never>) => void = () => {}) {
  const object = JSON.parse(JSON.stringify(wanted));
  object.metadata.uid = 'u';
  object.spec.clusterIP = '10.0.0.1';
  object.spec.ports[0].protocol = 'TCP';
  change(object);
  return object;
}

test('what the server adds is no difference', () => {
  expect(needsApply(wanted, undefined)).toBe(true);
  expect(needsApply(wanted, served())).toBe(false);
});

test.each<[string, (object: never) => void]>([
  ['a changed field', (object) => Object.assign((object as { spec: object }).spec, { selector: { app: 'b' } })],
  ['one more port', (object) => (object as { spec: { ports: object[] } }).spec.ports.push({ port: 81 })],
  ['a lost label', (object) => Object.assign((object as { metadata: object }).metadata, { labels: {} })],
])('%s is one', (_, change) => {
  expect(needsApply(wanted, served(change as never))).toBe(true);
});

test('a field that is wanted no longer shows in the digest', () => {
  const less = withAppliedDigest({ metadata: { name: 'a', namespace: 'n' }, spec: { ports: [{ port: 80 }] } } as never);
  expect(needsApply(less, served())).toBe(true);
});
