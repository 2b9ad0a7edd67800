import type { LocalOsvApp } from '@osv/contracts';
import { expect, test } from 'vitest';
import { clusterFieldsNote } from './cluster-fields.ts';

const app = (spec: object) =>
  ({ metadata: { name: 'web' }, spec: { source: { packages: { names: ['nginx'] } }, ...spec } }) as LocalOsvApp;

test('what one machine does without is said, and nothing else', () => {
  expect(clusterFieldsNote(app({ drainSeconds: 5, livenessProbe: { tcpSocket: { port: 80 } } }))).toBe(
    'web: only on a cluster: livenessProbe, drainSeconds.',
  );
  expect(
    clusterFieldsNote(app({ ports: [{ port: 80 }], readinessProbe: { tcpSocket: { port: 80 } } })),
  ).toBeUndefined();
});
