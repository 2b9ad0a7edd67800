import { expect, test } from 'vitest';
import { decide } from '../decide.ts';
import type { AppSpec, Observed } from '../model.ts';
import { instance, observed, set } from '../testing/observed.ts';
import { unsupportedFields } from './unsupported.ts';

const packages = { packages: { names: ['redis-server'] } };
const data = { name: 'data', mountPath: '/data' };

const cases: [what: string, spec: Partial<AppSpec>, sentence: RegExp][] = [
  ['an empty folder for ever', { volumes: [{ ...data, emptyDir: {}, readOnly: true }] }, /cannot be readOnly/],
  ['a runtime', { runtime: 'java-17' }, /spec\.runtime: java-17/],
  ['an archive on somebody’s disk', { source: { archive: { url: 'app.zip' } } }, /begins with http/],
  ['the name of the management port', { ports: [{ name: 'osv-metrics', port: 80 }] }, /another name/],
];

test.each(cases)('%s is refused with a sentence', (_, spec, sentence) => {
  expect(unsupportedFields({ source: packages, ...spec })).toEqual([expect.stringMatching(sentence)]);
});

test('what there is, is not refused', () => {
  const volumes = [
    { name: 'a', mountPath: '/a', configMap: { name: 'a' } },
    { name: 'b', mountPath: '/b', secret: { secretName: 'b' }, readOnly: true },
    { name: 'c', mountPath: '/c', emptyDir: {} },
    { name: 'd', mountPath: '/d', size: '1Gi' },
    { name: 'e', mountPath: '/e', persistentVolumeClaim: { claimName: 'e' } },
  ];
  const ports = [{ name: 'osv-metrics', port: 9180 }];
  expect(unsupportedFields({ source: packages, runtime: 'none', volumes, ports })).toEqual([]);
});

const asked = { runtime: 'java-17' } as const;
const pass = (given: Observed) => decide(given, { managementPeers: [] });

test('nothing is built or started, and the conditions say why', () => {
  const absent = { key: 'k', sourceDigest: 'd', state: { state: 'absent' } } as const;
  const { actions, status } = pass(observed({ spec: asked, image: absent }));
  expect(actions.filter(({ type }) => type !== 'apply')).toEqual([]);
  expect(actions.some((action) => action.type === 'apply' && action.resource.group === 'kubevirt.io')).toBe(false);
  const states = Object.fromEntries(status.conditions?.map((one) => [one.type, [one.status, one.reason]]) ?? []);
  expect(states).toMatchObject({
    ImageReady: ['False', 'Unsupported'],
    Available: ['False', 'TooFewInstancesReady'],
    Progressing: ['False', 'Unsupported'],
    Degraded: ['True', 'Unsupported'],
  });
  expect(status.conditions?.find(({ type }) => type === 'Degraded')?.message).toMatch(/spec\.runtime: java-17/);
});

test('what runs already goes on', () => {
  const { actions, status } = pass(observed({ spec: asked, sets: [set('old')], instances: [instance('old', 'a')] }));
  expect(actions.filter(({ type }) => type === 'scale-set' || type === 'delete')).toEqual([]);
  expect(status.conditions?.find(({ type }) => type === 'Available')?.status).toBe('True');
});
