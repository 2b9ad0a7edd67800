/** Where things lie: the checkout, and the folder below build/ that the tests write to. */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const checkout = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const testFolder = join(checkout, 'test');
export const kernelPath = process.env.OSV_KERNEL ?? join(checkout, 'build', 'kernel', 'osv.elf');

/** A folder below build/test, made if missing. */
export function buildFolder(...parts: string[]): string {
  const path = join(checkout, 'build', 'test', ...parts);
  mkdirSync(path, { recursive: true });
  return path;
}
