import { readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { parseElf } from '../elf/elf-file.ts';
import { type FoundLibrary, findLibraries, readProgram } from '../elf/library-search.ts';
import { compatibilityTablePath, readCompatibilityTable, type SupportStatus } from './compatibility-table.ts';
import { isCLibrary, startupSystemCalls, systemCallsOf } from './system-calls.ts';

/** A system call that a program may make, and what the kernel does then. */
export interface CheckedSystemCall {
  readonly name: string;
  /** `unknown` when the kernel's table is missing. */
  readonly status: SupportStatus | 'unknown';
  readonly note?: string;
  /** The files in which it was seen, by base name. */
  readonly usedBy: readonly string[];
}

export interface ProgramCheck {
  readonly program: string;
  readonly linking: 'static' | 'dynamic';
  readonly interpreter: string | undefined;
  readonly libraries: readonly FoundLibrary[];
  readonly missingLibraries: readonly { readonly name: string; readonly neededBy: string }[];
  /** Sorted by name. */
  readonly systemCalls: readonly CheckedSystemCall[];
  /** Sentences for a person; empty when nothing speaks against running the program. */
  readonly problems: readonly string[];
  /** Sentences about what the check could not know. */
  readonly remarks: readonly string[];
}

function systemCallUsers(
  program: string,
  libraries: readonly FoundLibrary[],
  dynamic: boolean,
): Map<string, Set<string>> {
  const users = new Map<string, Set<string>>();
  const add = (name: string, user: string) => users.set(name, (users.get(name) ?? new Set()).add(user));
  for (const path of [program, ...libraries.map((library) => library.path)]) {
    if (isCLibrary(basename(path))) continue;
    for (const name of systemCallsOf(parseElf(readFileSync(path), path))) add(name, basename(path));
  }
  if (dynamic) for (const name of startupSystemCalls) add(name, 'the loader');
  return users;
}

/**
 * Judges a program of this machine before anything is built: whether its kind can run, which libraries are missing,
 * and which system calls its code can make that the kernel does not have. The program is read, never run.
 *
 * @param tablePath the kernel's table of system calls
 * @throws BuildError `not-found` or `not-runnable` when it is no program for OS^v at all
 */
export async function checkProgram(program: string, tablePath = compatibilityTablePath): Promise<ProgramCheck> {
  const path = resolve(program);
  const { elf } = readProgram(path);
  const { libraries, missing } = findLibraries(path, elf);
  const table = await readCompatibilityTable(tablePath);
  const users = systemCallUsers(path, libraries, elf.interpreter !== undefined);
  const systemCalls = [...users]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, usedBy]): CheckedSystemCall => {
      const row = table?.get(name);
      const status = table ? (row?.status ?? 'none') : 'unknown';
      return { name, status, ...(row?.note && { note: row.note }), usedBy: [...usedBy].sort() };
    });
  const problems = missing.map(
    ({ name, neededBy }) => `The library ${name}, needed by ${basename(neededBy)}, is missing`,
  );
  const absent = systemCalls.filter(({ status }) => status === 'none').map(({ name }) => name);
  if (absent.length > 0) {
    problems.push(`The kernel answers ENOSYS to system calls that this code contains: ${absent.join(', ')}`);
  }
  const remarks = ['Calls whose numbers the program computes, and code that it loads or makes later, are not seen'];
  if (!table)
    remarks.push(`The kernel's table of system calls, ${basename(tablePath)}, is missing; calls are not judged`);
  return {
    program: path,
    linking: elf.interpreter === undefined && elf.needed.length === 0 ? 'static' : 'dynamic',
    interpreter: elf.interpreter,
    libraries,
    missingLibraries: missing,
    systemCalls,
    problems,
    remarks,
  };
}
