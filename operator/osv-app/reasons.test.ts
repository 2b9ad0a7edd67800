import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { reasons } from './reasons.ts';

/** The code that states conditions; that it states no other reasons is checked by the compiler. */
function sources(): string {
  const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' });
  const code = files.filter((name) => name.endsWith('.ts') && !/\.test\.ts$|^reasons\.ts$|^testing\//.test(name));
  return code.map((name) => readFileSync(join(import.meta.dirname, name), 'utf8')).join('');
}

test('every reason in the table is stated somewhere', () => {
  const code = sources();
  const words = new Set(Object.values(reasons).flatMap((table) => Object.keys(table)));
  expect([...words].filter((word) => !code.includes(`'${word}'`))).toEqual([]);
});
