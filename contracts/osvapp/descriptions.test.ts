import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

interface Schema {
  description?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
}

/** The API server describes it itself, and allows nobody else to. */
const described = ['metadata'];

/** Paths of the fields about which `kubectl explain` would say nothing. */
function undescribed(schema: Schema, path: string): string[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const fieldPath = path === '' ? name : `${path}.${name}`;
    return [
      ...(field.description || described.includes(fieldPath) ? [] : [fieldPath]),
      ...undescribed(field, fieldPath),
    ];
  });
  return [...own, ...(schema.items ? undescribed(schema.items, `${path}[]`) : [])];
}

test('every field of an OsvApp says what it is', () => {
  const crd = parse(readFileSync(new URL('../../crds/osvapp.yaml', import.meta.url), 'utf8'));
  expect(undescribed(crd.spec.versions[0].schema.openAPIV3Schema, '')).toEqual([]);
});
