/**
 * The kernel's table of system calls as data and as a page. The rows of kernel/linux/syscalls/table.cc are the source;
 * `npm run generate` writes both files, `osv check` reads the data.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export type SupportStatus = 'full' | 'partial' | 'none';

export interface SystemCallRow {
  readonly number: number;
  readonly name: string;
  readonly status: SupportStatus;
  readonly note?: string;
}

const tablePath = join(import.meta.dirname, '../kernel/linux/syscalls/table.cc');
const statusOf: Record<string, SupportStatus> = { full: 'full', part: 'partial', none: 'none' };

/**
 * The rows of the table, in order of number.
 *
 * @throws Error when a line of the table is not understood, or a number or name stands there twice
 */
export function parseTable(source: string): SystemCallRow[] {
  const begin = source.indexOf('constexpr row rows[] = {');
  const end = source.indexOf('\n};', begin);
  if (begin < 0 || end < 0) throw new Error('the table of system calls has no rows');
  const rows: SystemCallRow[] = [];
  for (const line of source.slice(begin, end).split('\n').slice(1)) {
    if (line.trim() === '') continue;
    const match = /^ {4}(full|part|none)\((\d+), "(\w+)"(?:, gate<sys_\w+>)?(?:, "(.*)")?\),$/.exec(line);
    if (!match) throw new Error(`a row of the table of system calls is not understood: ${line.trim()}`);
    const [, kind = '', number, name = '', note] = match;
    const row = { number: Number(number), name, status: statusOf[kind] as SupportStatus };
    rows.push(note ? { ...row, note } : row);
  }
  for (const key of ['number', 'name'] as const) {
    const twice = rows.find((row, index) => rows.findIndex((other) => other[key] === row[key]) !== index);
    if (twice) throw new Error(`the table of system calls has two rows for ${twice.number} (${twice.name})`);
  }
  return rows.sort((a, b) => a.number - b.number);
}

/** The rows of the kernel in this repository. */
export function systemCallRows(): SystemCallRow[] {
  return parseTable(readFileSync(tablePath, 'utf8'));
}

/** `docs/linux-compatibility/syscalls.json`: an array of rows. */
export function compatibilityJson(rows: readonly SystemCallRow[]): string {
  return `[\n${rows.map((row) => `  ${JSON.stringify(row)}`).join(',\n')}\n]\n`;
}

const words: Record<SupportStatus, string> = { full: 'yes', partial: 'partly', none: 'no' };

/** `docs/linux-compatibility/README.md`: the rows for people. */
export function compatibilityPage(rows: readonly SystemCallRow[]): string {
  const count = (status: SupportStatus) => rows.filter((row) => row.status === status).length;
  const lines = rows.map((row) => `| ${row.number} | \`${row.name}\` | ${words[row.status]} | ${row.note ?? ''} |`);
  return `<!-- Generated from kernel/linux/syscalls/table.cc by \`npm run generate\`; do not edit. -->
# Linux system calls

The kernel answers the x86-64 system calls of Linux by number. Of ${rows.length} calls, ${count('full')} are there,
${count('partial')} are there in part, and ${count('none')} are not. A call that is not there answers ENOSYS (where the
note says so: EPERM), is named once in the kernel's log and counted in \`osv_syscalls_unimplemented_total\`.

\`osv check PROGRAM\` compares what a program uses with this table before it is started.

| number | name | there | note |
|---:|---|---|---|
${lines.join('\n')}
`;
}
