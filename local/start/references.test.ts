import type { ConfigurationObject, LocalOsvApp } from '@osv/contracts';
import { expect, test } from 'vitest';
import { withVariables } from './references.ts';

const settings: ConfigurationObject = {
  kind: 'ConfigMap',
  name: 'settings',
  namespace: undefined,
  data: new Map([['color', Buffer.from('green')]]),
};

type Reference = { name: string; key: string; optional?: boolean };

function appWith(valueFrom: { configMapKeyRef: Reference } | { secretKeyRef: Reference }, namespace?: string) {
  const metadata = { name: 'web', ...(namespace ? { namespace } : {}) };
  return {
    metadata,
    spec: {
      env: [
        { name: 'A', value: '1' },
        { name: 'COLOR', valueFrom },
      ],
    },
  } as unknown as LocalOsvApp;
}

test('variables get the values of the objects in the files', () => {
  const app = appWith({ configMapKeyRef: { name: 'settings', key: 'color' } });
  expect(withVariables(app, [settings]).spec.env).toEqual([
    { name: 'A', value: '1' },
    { name: 'COLOR', value: 'green' },
  ]);
});

test('an optional variable without a value is left out', () => {
  const app = appWith({ configMapKeyRef: { name: 'settings', key: 'size', optional: true } });
  expect(withVariables(app, [settings]).spec.env).toEqual([{ name: 'A', value: '1' }]);
});

test.each([
  [{ configMapKeyRef: { name: 'settings', key: 'size' } }, undefined, /^The ConfigMap settings has no key size, which/],
  [
    { secretKeyRef: { name: 'settings', key: 'color' } },
    undefined,
    /^The Secret settings is in none of the files; the/,
  ],
  [{ configMapKeyRef: { name: 'settings', key: 'color' } }, 'shop', /^The ConfigMap settings is in none of the files/],
])('what is missing is named: %#', (reference, namespace, sentence) => {
  expect(() => withVariables(appWith(reference, namespace), [settings])).toThrow(sentence);
});
