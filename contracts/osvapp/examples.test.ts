import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseOsvApps } from './parse.ts';

const folder = join(import.meta.dirname, '../../examples');
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yaml'));

test.each(files)('the example %s is a valid OsvApp', (name) => {
  const apps = parseOsvApps(readFileSync(join(folder, name), 'utf8'), name);
  expect(apps.length).toBeGreaterThan(0);
});
