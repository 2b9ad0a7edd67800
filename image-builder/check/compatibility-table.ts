import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BuildError } from '../error.ts';

/** How much of a system call the kernel has. */
export type SupportStatus = 'full' | 'partial' | 'none';

export interface SystemCallSupport {
  readonly number: number;
  readonly name: string;
  readonly status: SupportStatus;
  readonly note?: string;
}

export const compatibilityTablePath = join(import.meta.dirname, '../../docs/linux-compatibility/syscalls.json');

/**
 * The kernel's table of system calls by name, or undefined where there is no such table.
 *
 * @throws BuildError `bad-source` when the table is there and damaged
 */
export async function readCompatibilityTable(
  path = compatibilityTablePath,
): Promise<ReadonlyMap<string, SystemCallSupport> | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const rows = JSON.parse(text) as SystemCallSupport[];
    return new Map(rows.map((row) => [row.name, row]));
  } catch (cause) {
    throw new BuildError('bad-source', `${path} is damaged: ${(cause as Error).message}`, { cause });
  }
}
