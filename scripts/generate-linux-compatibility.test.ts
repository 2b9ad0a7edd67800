import { expect, test } from 'vitest';
import { compatibilityJson, compatibilityPage, parseTable, systemCallRows } from './generate-linux-compatibility.ts';

const table = (rows: string) => `constexpr row rows[] = {\n${rows}\n};\n`;

test('rows of every kind are read', () => {
  const rows = parseTable(
    table(
      [
        '    full(1, "write", gate<sys_write>),',
        '    part(0, "read", gate<sys_read>, "half, of (it)"),',
        '    none(57, "fork", gate<sys_fork>, "ENOSYS"),',
        '    none(29, "shmget"),',
      ].join('\n'),
    ),
  );
  expect(rows).toEqual([
    { number: 0, name: 'read', status: 'partial', note: 'half, of (it)' },
    { number: 1, name: 'write', status: 'full' },
    { number: 29, name: 'shmget', status: 'none' },
    { number: 57, name: 'fork', status: 'none', note: 'ENOSYS' },
  ]);
  expect(JSON.parse(compatibilityJson(rows))).toEqual(rows);
  expect(compatibilityPage(rows)).toContain('| 0 | `read` | partly | half, of (it) |');
});

test('a row that is not understood is an error', () => {
  expect(() => parseTable(table('    full(1, "write", handler()),'))).toThrow(/not understood: full\(1/);
  expect(() => parseTable('nothing')).toThrow(/no rows/);
});

test('a number or a name stands there once', () => {
  expect(() => parseTable(table('    none(1, "a"),\n    none(1, "b"),'))).toThrow(/two rows for 1/);
});

test("the kernel's own table has every call that the C library begins with", () => {
  const status = new Map(systemCallRows().map((row) => [row.name, row.status]));
  for (const name of ['read', 'write', 'mmap', 'futex', 'openat', 'clone', 'execve', 'exit_group'])
    expect(status.get(name), name).not.toBe('none');
  expect(status.get('fork')).toBe('none');
});
