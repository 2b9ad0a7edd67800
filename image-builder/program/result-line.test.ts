import type { BuildResult, PublishedImage } from '@osv/contracts';
import { expect, test } from 'vitest';
import { resultLine, terminationMessage } from './result-line.ts';

const digest = `sha256:${'0'.repeat(64)}`;
const image = (libraries: number): PublishedImage => ({
  reference: `registry.example/images@${digest}`,
  digest,
  sizeBytes: 1,
  kernelVersion: '0.1.0',
  entryPoint: { command: ['/x'], environment: [], workingDirectory: '/', user: { uid: 0, gid: 0 } },
  sbom: `registry.example/images@${digest}`,
  compatibility: {
    missingSystemCalls: ['fork'],
    missingLibraries: Array.from({ length: libraries }, (_, index) => ({ name: `lib${index}.so`, neededBy: '/x' })),
  },
});

test('a result that fits is whole', () => {
  expect(JSON.parse(resultLine(image(3)))).toEqual(image(3));
});

test('one that does not leaves out the ends of its lists, and says how many', () => {
  const line = resultLine(image(1000));
  expect(Buffer.byteLength(line)).toBeLessThanOrEqual(4096);
  const { compatibility } = JSON.parse(line) as PublishedImage;
  expect(compatibility.missingSystemCalls).toEqual(['fork']);
  expect(compatibility.missingLibraries.length + (compatibility.omitted ?? 0)).toBe(1000);
});

test('a long message is cut', () => {
  const failure: BuildResult = { error: { code: 'x', message: '\u0001'.repeat(2048), temporary: false } };
  const line = resultLine(failure);
  expect(Buffer.byteLength(line)).toBeLessThanOrEqual(4096);
  expect(JSON.parse(line).error.code).toBe('x');
});

test('a result that cannot be told says so instead of arriving in pieces', () => {
  const environment = [`LONG=${'x'.repeat(5000)}`];
  const { entryPoint, ...rest } = image(0);
  const large = { ...rest, entryPoint: { ...entryPoint, environment } };
  expect(() => terminationMessage(large)).toThrow(/a Job can tell 4096/);
  expect(JSON.parse(resultLine(large)).entryPoint.environment).toEqual(environment);
  expect(terminationMessage(image(3))).toBe(resultLine(image(3)));
});
