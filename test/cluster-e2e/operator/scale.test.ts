import { beforeAll, expect, test } from 'vitest';
import { type Measurement, measure } from '../../benchmarks/operator/measure.ts';

/** A small form of `npm run bench:operator`: what is counted here does not depend on how busy the machine is. */
const size = 20;

let measured: Measurement;

beforeAll(async () => {
  measured = await measure({
    size,
    kubevirt: process.env.KUBEVIRT_BIN_DIR ? 'real' : 'double',
    appliesPerSecond: 10,
    idleSeconds: 10,
    operatorFlags: [],
    nodeFlags: [],
    log: (line) => console.error(`scale: ${line}`),
  });
});

test('each part of an app is written once', () => {
  const { byKind } = measured.requests;
  const parts = ['patch services', 'patch networkpolicies', 'create secrets', 'patch secrets', 'patch osvapps'];
  for (const kind of [...parts, 'patch virtualmachineinstancereplicasets']) {
    expect(byKind[kind], kind).toBeGreaterThanOrEqual(size);
    // A request that a busy API server did not answer in time is repeated.
    expect(byKind[kind], kind).toBeLessThan(2 * size);
  }
});

test('the way of an app to rest takes a bounded number of writes', () => {
  const { byKind, writes } = measured.requests;
  // Accepted, an instance, ready, metrics flow; and details between these, once a second at most.
  expect((byKind['patch osvapps/status'] ?? 0) / size).toBeLessThan(8);
  expect((byKind['create events'] ?? 0) / size).toBeLessThan(3);
  expect(writes / size).toBeLessThan(18);
  expect(measured.path.requestsBeforeSet.p50).toBeLessThan(10);
});

test('apps at rest cause no request', () => {
  const { byKind } = measured.idle.requests;
  expect(Object.keys(byKind).filter((kind) => !kind.startsWith('watch '))).toEqual([]);
});

test('an operator that was killed and starts anew writes nothing', () => {
  expect(measured.restart.requests.writes).toBe(0);
});
