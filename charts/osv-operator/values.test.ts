import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { version } from '@osv/contracts';
import { Ajv, type AnySchemaObject } from 'ajv';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { chartValues } from '../../contracts/generate/chart-readme.ts';
import schema from './values.schema.json' with { type: 'json' };

const read = (name: string) => readFileSync(join(import.meta.dirname, name), 'utf8');
const values = parse(read('values.yaml'));

test('the defaults satisfy the schema', () => {
  const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(schema);
  expect(validate(values), JSON.stringify(validate.errors)).toBe(true);
});

/** Keys that the schema names, down to what users fill in themselves. */
function schemaKeys(node: AnySchemaObject, path = ''): string[] {
  return Object.entries((node.properties ?? {}) as Record<string, AnySchemaObject>).flatMap(([key, inner]) => {
    const own = path === '' ? key : `${path}.${key}`;
    return inner.properties ? schemaKeys(inner, own) : [own];
  });
}

test('the schema and the values name the same keys, and every value says what it means', () => {
  const documented = chartValues(read('values.yaml'));
  const leaves = documented.filter(({ fallback }) => fallback !== '').map(({ path }) => path);
  // Helm adds `global` by itself; resources are the kubelet's own words.
  const named = schemaKeys(schema)
    .filter((key) => key !== 'global')
    .map((key) => key.replace(/(\.resources)\..*/, '$1'));
  expect([...new Set(named)].sort()).toEqual(leaves.sort());
  expect(documented.filter(({ meaning }) => meaning === '')).toEqual([]);
});

test('the chart has the version of the product', () => {
  const chart = parse(read('Chart.yaml'));
  expect(chart.appVersion).toBe(version);
  expect(chart.version).toBe(version);
});

test('every dashboard fits into a ConfigMap', () => {
  const folder = join(import.meta.dirname, 'dashboards');
  for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).size, name).toBeLessThan(2 ** 20 * 0.9);
});
