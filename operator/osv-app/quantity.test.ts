import { expect, test } from 'vitest';
import { decide } from './decide.ts';
import { quantityBytes } from './quantity.ts';
import { observed } from './testing/observed.ts';

test.each([
  ['64Mi', 64 * 1024 ** 2],
  ['1.5Gi', 1.5 * 1024 ** 3],
  ['0.3k', 300],
  ['1000000', 1_000_000],
  ['1.5', 2],
])('%s is %i bytes', (text, bytes) => {
  expect(quantityBytes(text)).toBe(bytes);
});

test.each(['', 'Mi', '1 Mi', '1Mo', '-1'])('%j is refused', (text) => {
  expect(() => quantityBytes(text)).toThrow(/no quantity/);
});

test('an app may ask for a fraction, as the schema allows', () => {
  const spec = {
    resources: { memory: '1.5Gi' },
    volumes: [{ name: 'scratch', mountPath: '/tmp', emptyDir: { sizeLimit: '0.5Mi' } }],
  };
  const { actions } = decide(observed({ spec }), { managementPeers: [] });
  const text = JSON.stringify(actions);
  expect(text).toContain('"guest":"1536Mi"');
  expect(text).toContain('"sizeBytes":524288');
});
