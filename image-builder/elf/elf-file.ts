import { BuildError } from '../error.ts';

/** What can be read from an ELF file; field names as in elf(5). */
export interface ElfFile {
  readonly type: 'executable' | 'shared' | 'other';
  readonly machine: number;
  /** PT_INTERP, the dynamic loader. */
  readonly interpreter: string | undefined;
  /** DT_NEEDED, in order. */
  readonly needed: readonly string[];
  readonly soname: string | undefined;
  /** DT_RPATH and DT_RUNPATH, split at colons. */
  readonly rpath: readonly string[];
  readonly runpath: readonly string[];
  /** Names of dynamic symbols that others must define; sorted. */
  readonly undefinedSymbols: readonly string[];
  /** Bytes of the executable segments. */
  readonly code: readonly Uint8Array[];
}

/** e_machine values (elf(5)) that are worth a name in a message. */
const machineNames: Record<number, string> = {
  3: 'i386',
  8: 'mips',
  20: 'ppc',
  21: 'ppc64',
  22: 's390x',
  40: 'arm',
  62: 'x86-64',
  183: 'arm64',
  243: 'riscv',
};

export const machineX86_64 = 62;

export function machineName(machine: number): string {
  return machineNames[machine] ?? `machine ${machine}`;
}

export function isElf(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

interface Segment {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const PF_X = 1;
const DT = {
  needed: 1,
  hash: 4,
  strtab: 5,
  symtab: 6,
  strsz: 10,
  soname: 14,
  rpath: 15,
  runpath: 29,
  gnuHash: 0x6ffffef5,
};
const symbolBytes = 24;
const symbolsMax = 1_000_000;

/** Reads little-endian fields and says so in a sentence when the file ends too early. */
class Reader {
  readonly #bytes: Buffer;
  readonly #name: string;

  constructor(bytes: Buffer, name: string) {
    this.#bytes = bytes;
    this.#name = name;
  }

  truncated(): BuildError {
    return new BuildError('not-runnable', `${this.#name} is a truncated or damaged ELF file`);
  }

  slice(offset: number, size: number): Buffer {
    if (offset < 0 || size < 0 || offset + size > this.#bytes.length) throw this.truncated();
    return this.#bytes.subarray(offset, offset + size);
  }

  u16(offset: number): number {
    return this.slice(offset, 2).readUInt16LE();
  }

  u32(offset: number): number {
    return this.slice(offset, 4).readUInt32LE();
  }

  u64(offset: number): number {
    const value = this.slice(offset, 8).readBigUInt64LE();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw this.truncated();
    return Number(value);
  }

  text(offset: number): string {
    this.slice(offset, 1);
    const end = this.#bytes.indexOf(0, offset);
    if (end === -1) throw this.truncated();
    return this.#bytes.toString('utf8', offset, end);
  }
}

function segments(reader: Reader): Segment[] {
  const start = reader.u64(32);
  const size = reader.u16(54);
  const count = reader.u16(56);
  if (count > 0 && size < 56) throw reader.truncated();
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * size;
    return {
      type: reader.u32(at),
      flags: reader.u32(at + 4),
      offset: reader.u64(at + 8),
      address: reader.u64(at + 16),
      size: reader.u64(at + 32),
    };
  });
}

/** Number of dynamic symbols: DT_HASH says it; for DT_GNU_HASH the last chain's end does. */
function symbolCount(reader: Reader, tags: Map<number, number>, fileOffset: (address: number) => number): number {
  const hash = tags.get(DT.hash);
  if (hash !== undefined) return reader.u32(fileOffset(hash) + 4);
  const gnu = tags.get(DT.gnuHash);
  if (gnu === undefined) return 0;
  const at = fileOffset(gnu);
  const buckets = reader.u32(at);
  const firstSymbol = reader.u32(at + 4);
  const bloomWords = reader.u32(at + 8);
  const bucketsAt = at + 16 + bloomWords * 8;
  let last = 0;
  for (let index = 0; index < buckets; index++) last = Math.max(last, reader.u32(bucketsAt + index * 4));
  if (last < firstSymbol) return firstSymbol;
  const chainsAt = bucketsAt + buckets * 4;
  while ((reader.u32(chainsAt + (last - firstSymbol) * 4) & 1) === 0) last++;
  return last + 1;
}

interface Dynamic {
  readonly needed: string[];
  readonly soname: string | undefined;
  readonly rpath: string[];
  readonly runpath: string[];
  readonly undefinedSymbols: string[];
}

function dynamic(reader: Reader, segment: Segment, loads: readonly Segment[]): Dynamic {
  const fileOffset = (address: number): number => {
    const load = loads.find(({ address: start, size }) => address >= start && address < start + size);
    if (!load) throw reader.truncated();
    return load.offset + address - load.address;
  };
  const tags = new Map<number, number>();
  const neededOffsets: number[] = [];
  for (let at = segment.offset; at + 16 <= segment.offset + segment.size; at += 16) {
    const tag = Number(reader.slice(at, 8).readBigUInt64LE() & 0xffffffffn);
    if (tag === 0) break;
    if (tag === DT.needed) neededOffsets.push(reader.u64(at + 8));
    else if (Object.values(DT).includes(tag)) tags.set(tag, reader.u64(at + 8));
  }
  const stringsAddress = tags.get(DT.strtab);
  const strings = stringsAddress === undefined ? undefined : fileOffset(stringsAddress);
  const text = (offset: number): string => {
    if (strings === undefined) throw reader.truncated();
    return reader.text(strings + offset);
  };
  const paths = (tag: number): string[] => {
    const offset = tags.get(tag);
    return offset === undefined
      ? []
      : text(offset)
          .split(':')
          .filter((path) => path !== '');
  };
  const soname = tags.get(DT.soname);
  const names = new Set<string>();
  const symbols = tags.get(DT.symtab);
  if (symbols !== undefined) {
    const count = symbolCount(reader, tags, fileOffset);
    if (count > symbolsMax) throw reader.truncated();
    const at = fileOffset(symbols);
    for (let index = 1; index < count; index++) {
      const undefinedSymbol = reader.u16(at + index * symbolBytes + 6) === 0;
      if (undefinedSymbol) names.add(text(reader.u32(at + index * symbolBytes)));
    }
  }
  names.delete('');
  return {
    needed: neededOffsets.map(text),
    soname: soname === undefined ? undefined : text(soname),
    rpath: paths(DT.rpath),
    runpath: paths(DT.runpath),
    undefinedSymbols: [...names].sort(),
  };
}

/**
 * Reads a 64-bit little-endian ELF file (System V ABI, chapters 4 and 5).
 *
 * @param name what to call the file in errors
 * @throws BuildError `not-runnable` when it is something else, or damaged
 */
export function parseElf(bytes: Buffer, name: string): ElfFile {
  if (!isElf(bytes)) throw new BuildError('not-runnable', `${name} is no ELF file`);
  const reader = new Reader(bytes, name);
  const [elfClass, endianness] = reader.slice(4, 2);
  if (elfClass !== 2) throw new BuildError('not-runnable', `${name} is a 32-bit program; OS^v runs 64-bit programs`);
  if (endianness !== 1) throw new BuildError('not-runnable', `${name} is a big-endian program; OS^v runs x86-64`);
  const type = reader.u16(16);
  const machine = reader.u16(18);
  const all = segments(reader);
  const loads = all.filter((segment) => segment.type === PT_LOAD);
  for (const load of loads) reader.slice(load.offset, load.size);
  const interpreter = all.find((segment) => segment.type === PT_INTERP);
  const dynamicSegment = all.find((segment) => segment.type === PT_DYNAMIC);
  const none: Dynamic = { needed: [], soname: undefined, rpath: [], runpath: [], undefinedSymbols: [] };
  return {
    type: type === 2 ? 'executable' : type === 3 ? 'shared' : 'other',
    machine,
    interpreter: interpreter && reader.text(interpreter.offset),
    ...(dynamicSegment ? dynamic(reader, dynamicSegment, loads) : none),
    code: loads.filter(({ flags }) => flags & PF_X).map(({ offset, size }) => reader.slice(offset, size)),
  };
}
