import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { version } from '@osv/contracts';

let known: string | undefined;

/**
 * The builder's version: the product's, and the digest of the builder's own code, so that an image of an older builder
 * is never taken for one of this.
 */
export function builderVersion(): string {
  if (known) return known;
  const hash = createHash('sha256');
  const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !/^(node_modules|testing)\//.test(name))
    .sort();
  for (const name of files) hash.update(name).update(readFileSync(join(import.meta.dirname, name)));
  known = `${version}+${hash.digest('hex').slice(0, 12)}`;
  return known;
}
