import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { loadedKernelBytes } from './kernel-size.ts';

/** An ELF64 header and program headers of (type, physical address, size in memory). */
function elf(segments: [type: number, address: number, bytes: number][]): Buffer {
  const file = Buffer.alloc(64 + 56 * segments.length);
  file.write('\x7fELF\x02', 'latin1');
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(segments.length, 56);
  for (const [index, [type, address, bytes]] of segments.entries()) {
    const at = 64 + 56 * index;
    file.writeUInt32LE(type, at);
    file.writeBigUInt64LE(BigInt(address), at + 24);
    file.writeBigUInt64LE(BigInt(bytes), at + 40);
  }
  return file;
}

test('the highest segment that is loaded counts, not the file', async () => {
  const path = join(await temporaryFolder(), 'kernel');
  const segments: [number, number, number][] = [
    [1, 0x100000, 0x80000],
    [1, 0x1c5000, 0x6c000],
    [4, 0x900000, 20],
  ];
  await writeFile(path, Buffer.concat([elf(segments), Buffer.alloc(100_000)]));
  expect(await loadedKernelBytes(path)).toBe(0x231000);
});

test.each([Buffer.from('#!/bin/sh\n'), Buffer.alloc(0), elf([[1, 0, 0]]).subarray(0, 80)])(
  'what is no whole ELF file is refused',
  async (content) => {
    const path = join(await temporaryFolder(), 'kernel');
    await writeFile(path, content);
    await expect(loadedKernelBytes(path)).rejects.toMatchObject({ code: 'kernel-missing' });
  },
);
