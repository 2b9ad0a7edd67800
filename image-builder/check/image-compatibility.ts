import type { Compatibility, MissingLibrary } from '@osv/contracts';
import { readCompatibilityTable } from './compatibility-table.ts';

/**
 * What speaks against running an image: what its binaries want, against what it holds and what the kernel's table says.
 * Where there is no table, nothing is said about system calls.
 */
export async function imageCompatibility(wanted: {
  readonly systemCalls: readonly string[];
  readonly missingLibraries: readonly MissingLibrary[];
}): Promise<Compatibility> {
  const table = await readCompatibilityTable();
  const lacks = (name: string) => table !== undefined && (table.get(name)?.status ?? 'none') === 'none';
  return {
    missingSystemCalls: wanted.systemCalls.filter(lacks),
    missingLibraries: [...wanted.missingLibraries],
  };
}
