import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { parseOsvApps } from './parse.ts';
import { strictSchema } from './schema.ts';

const folder = join(import.meta.dirname, '../../examples');
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yaml'));

/** The OsvApps of a file as a text; those for clusters have other objects beside them. */
function appsOf(name: string): string {
  const documents = parseAllDocuments(readFileSync(join(folder, name), 'utf8'));
  return documents
    .filter((document) => document.get('kind') === 'OsvApp')
    .map(String)
    .join('---\n');
}

test.each(files)('the example %s is a valid OsvApp', (name) => {
  const apps = parseOsvApps(appsOf(name), name);
  expect(apps.length).toBeGreaterThan(0);
});

/** Written by a command, or not there yet. */
const withoutExample = ['runtime', 'restartedAt', 'paused'];

test('every field of a spec is in an example', () => {
  const fields = Object.keys(strictSchema().properties?.spec?.properties ?? {});
  const used = new Set(
    files.flatMap((name) => parseOsvApps(appsOf(name), name).flatMap(({ spec }) => Object.keys(spec))),
  );
  expect(fields.filter((field) => !used.has(field) && !withoutExample.includes(field))).toEqual([]);
});
