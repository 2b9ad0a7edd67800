import type { LocalOsvApp } from '@osv/contracts';
import { expect, test } from 'vitest';
import { clusterFieldsNote } from './cluster-fields.ts';

const app = (spec: object) =>
  ({ metadata: { name: 'web' }, spec: { source: { packages: { names: ['nginx'] } }, ...spec } }) as LocalOsvApp;

test('what one machine does without is said, and nothing else', () => {
  const ports = [{ port: 53, protocol: 'UDP' }];
  expect(clusterFieldsNote(app({ ports, livenessProbe: { tcpSocket: { port: 80 } } }))).toBe(
    'web: only on a cluster: livenessProbe, ports with the protocol UDP.',
  );
  expect(
    clusterFieldsNote(app({ ports: [{ port: 80 }], readinessProbe: { tcpSocket: { port: 80 } } })),
  ).toBeUndefined();
});
