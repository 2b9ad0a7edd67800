import { beforeAll, describe, expect, test } from 'vitest';
import { applicationRoot } from '../guest/application-root.ts';
import { kernelPath } from '../guest/paths.ts';
import { type GuestResult, runGuest } from '../guest/qemu.ts';

let root: string;
beforeAll(async () => {
  root = await applicationRoot('nothing', {});
});

/** The kernel with a root that holds no program: it checks itself, makes the mistake, or ends with "not in the image". */
function boot(options: string, cpus: number): Promise<GuestResult> {
  return runGuest({ kernel: kernelPath, initrd: root, cpus, ports: false, commandLine: `${options} -- /nothing` });
}

describe('mistakes inside the kernel end in a message that names them', () => {
  test.for([
    ['stack-overflow', /^panic: kernel stack overflow \(CPU \d\)$/],
    ['stack-smash', /^panic: stack smashing detected/],
    ['double-free', /^panic: double free of a heap object/],
    ['use-after-free', /^panic: heap object was written to while it was free/],
    ['heap-overflow', /^panic: heap object was written to while it was free/],
    ['wild-free', /^panic: freed a pointer that is not the start of a heap object/],
    ['null-read', /^panic: a kernel thread touched program memory at 0x0/],
    ['write-code', /^panic: page fault at 0xfffff\w+ \(code 3\)/],
    ['execute-data', /^panic: page fault at 0xfffff\w+ \(code 17\)/],
  ] as const)('%s', async ([mistake, message]) => {
    for (const cpus of [1, 4]) {
      const { end, serial } = await boot(`crash=${mistake}`, cpus);
      expect(end.kind).toBe('failed');
      expect(end.kind === 'failed' && end.message).toMatch(message);
      expect(serial, 'a backtrace with names').toMatch(/#1 \S+\+0x/);
    }
  });
});

/** The kernel's last line but the backtrace: `rip 0x… rsp 0x…, kernel moved by 0x…`. */
function placeOf(serial: string): { instruction: bigint; stack: bigint; moved: bigint } {
  const found = /rip (0x\w+) rsp (0x\w+), kernel moved by (0x\w+)/.exec(serial);
  expect(found, serial).not.toBeNull();
  const [, instruction = '', stack = '', moved = ''] = found ?? [];
  return { instruction: BigInt(instruction), stack: BigInt(stack), moved: BigInt(moved) };
}
const address = 64;
const linkedAt = (instruction: bigint, moved: bigint) => BigInt.asUintN(address, instruction - moved);

test('the kernel is elsewhere at each boot, and its panic says how far', async () => {
  const boots = 8;
  const places = [];
  for (let index = 0; index < boots; index++) {
    places.push(placeOf((await boot('crash=execute-data', 1 + (index % 2))).serial));
  }
  const different = (values: bigint[]) => expect(new Set(values).size).toBe(boots);
  different(places.map(({ moved }) => moved));
  // Neither tells where the other is.
  different(places.map(({ instruction, stack }) => instruction - stack));
  expect(new Set(places.map(({ instruction, moved }) => linkedAt(instruction, moved))).size).toBe(1);
});

test('nokaslr leaves the kernel where it was linked, and the self-check says so', async () => {
  const { instruction, moved } = placeOf((await boot('nokaslr crash=execute-data', 1)).serial);
  expect(moved).toBe(0n);
  expect(instruction >> 24n).toBe(0xffffffff80n);
  const { serial } = await boot('nokaslr', 1);
  expect(serial).toContain('self-check aslr: failed: the kernel is where it was linked');
});

test.for([1, 4])('every self-check passes on %i CPUs', async (cpus) => {
  const { end, serial } = await boot('log=debug', cpus);
  expect(end).toMatchObject({ kind: 'failed', message: '/nothing is not in the image' });
  const results = [...serial.matchAll(/self-check (\w+): (passed|failed)/g)].map((found) => [found[1], found[2]]);
  expect(results.sort()).toEqual([
    ['aslr', 'passed'],
    ['entropy', 'passed'],
    ['guard_pages', 'passed'],
    ['heap', 'passed'],
    ['null_page', 'passed'],
    ['open_ports', 'passed'],
    ['stack_protector', 'passed'],
    ['write_xor_execute', 'passed'],
  ]);
});
