import { open } from 'node:fs/promises';
import { LocalError } from '../errors.ts';

const headerBytes = 64;
const programHeaderBytes = 56;
const loadable = 1;

/**
 * How far up in physical memory a kernel reaches once it is loaded, in bytes: the end of its highest PT_LOAD segment
 * (elf(5), ELF64 little-endian). The file itself may be many times larger, with debugging information.
 *
 * @throws LocalError kernel-missing when the file is no 64-bit ELF file
 */
export async function loadedKernelBytes(path: string): Promise<number> {
  const file = await open(path);
  try {
    const header = Buffer.alloc(headerBytes);
    await file.read(header, 0, headerBytes, 0);
    if (header.toString('latin1', 0, 5) !== '\x7fELF\x02') throw notElf(path);
    const offset = Number(header.readBigUInt64LE(32));
    const table = Buffer.alloc(header.readUInt16LE(56) * programHeaderBytes);
    if ((await file.read(table, 0, table.length, offset)).bytesRead < table.length) throw notElf(path);
    let end = 0;
    for (let at = 0; at < table.length; at += programHeaderBytes) {
      if (table.readUInt32LE(at) !== loadable) continue;
      end = Math.max(end, Number(table.readBigUInt64LE(at + 24) + table.readBigUInt64LE(at + 40)));
    }
    return end;
  } finally {
    await file.close();
  }
}

function notElf(path: string): LocalError {
  return new LocalError('kernel-missing', `${path} is no kernel: it is not a whole 64-bit ELF file.`);
}
