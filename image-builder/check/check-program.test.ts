import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { parseElf } from '../elf/elf-file.ts';
import { compile } from '../testing/compile.ts';
import { temporaryFolder } from '../testing/folders.ts';
import { checkProgram } from './check-program.ts';
import { systemCallsInCode, systemCallsOfSymbols } from './system-calls.ts';

const folder = temporaryFolder();
const table = join(folder, 'syscalls.json');
let forking: string;

beforeAll(() => {
  const source = `
    #include <unistd.h>
    #include <sys/epoll.h>
    int main(void) {
      int r = fork();
      long result;
      __asm__ volatile("syscall" : "=a"(result) : "a"(63), "D"(0) : "rcx", "r11", "memory");
      return r + epoll_create1(0) + result;
    }`;
  forking = compile(source, join(folder, 'forking'));
  const rows = ['read', 'write', 'epoll_create1', 'uname', 'mmap'].map((name, number) => ({
    number,
    name,
    status: 'full',
  }));
  writeFileSync(table, JSON.stringify([...rows, { number: 57, name: 'fork', status: 'none', note: 'later' }]));
});

test('system calls are seen in machine code and behind functions of the C library', async () => {
  const check = await checkProgram(forking, table);
  const status = Object.fromEntries(check.systemCalls.map((call) => [call.name, call.status]));
  expect(status).toMatchObject({ fork: 'none', uname: 'full', epoll_create1: 'full', mmap: 'full' });
  expect(check.systemCalls.find(({ name }) => name === 'fork')).toMatchObject({ note: 'later', usedBy: ['forking'] });
  expect(check.problems.join()).toMatch(/ENOSYS.*fork/);
  expect(check.linking).toBe('dynamic');
});

test('a missing table is said, and nothing judged', async () => {
  const check = await checkProgram(forking, join(folder, 'absent.json'));
  expect(check.systemCalls.every(({ status }) => status === 'unknown')).toBe(true);
  expect(check.remarks.join()).toMatch(/absent\.json, is missing/);
  expect(check.problems).toEqual([]);
});

test('a damaged table is an error', async () => {
  writeFileSync(join(folder, 'damaged.json'), '[');
  await expect(checkProgram(forking, join(folder, 'damaged.json'))).rejects.toThrow(/damaged/);
});

test('a static program is read by its code alone', async () => {
  const path = compile('#include <unistd.h>\nint main(void) { return getppid(); }', join(folder, 'static'), '-static');
  const check = await checkProgram(path, table);
  expect(check).toMatchObject({ linking: 'static', interpreter: undefined, libraries: [] });
  expect(check.systemCalls.map(({ name }) => name)).toEqual(expect.arrayContaining(['getppid', 'write', 'exit_group']));
});

test('the calls in glibc itself are found by their numbers', () => {
  const elf = parseElf(readFileSync('/lib/x86_64-linux-gnu/libc.so.6'), 'libc');
  const found = elf.code.flatMap((code) => [...systemCallsInCode(code)]);
  expect(new Set(found).size).toBeGreaterThan(200);
  expect(found).toEqual(expect.arrayContaining(['read', 'futex', 'epoll_wait', 'sendmsg', 'clone3']));
});

test('functions with other names than their calls are known', () => {
  const found = systemCallsOfSymbols([
    'pthread_create',
    'fstat64',
    '__read_chk',
    'send',
    'strlen',
    'lseek64',
    'mmap64',
  ]);
  expect([...found].sort()).toEqual(
    ['clone3', 'lseek', 'madvise', 'mmap', 'mprotect', 'newfstatat', 'read', 'rt_sigprocmask', 'sendto'].sort(),
  );
});
