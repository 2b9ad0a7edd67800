/** A case is one program in one variant: where it lies in its root, and what Linux makes it print. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mapLimited } from '../guest/command.ts';
import { compile, type Variant } from '../guest/compile.ts';
import { buildFolder } from '../guest/paths.ts';
import { copyIntoRoot, librariesOf, packRoot } from '../guest/root-image.ts';
import { type ConformanceProgram, programsFolder } from './programs.ts';

export interface ConformanceCase {
  /** `group/name (variant)`. */
  readonly id: string;
  readonly program: ConformanceProgram;
  readonly variant: Variant;
  /** Path of the program in the root, `/conformance/group/name`. */
  readonly path: string;
  /** The unpacked root, for the run on Linux. */
  readonly root: string;
  /** The same root as an EROFS image. */
  readonly image: string;
}

interface Built {
  readonly program: ConformanceProgram;
  readonly variant: Variant;
  readonly binary: string;
  readonly libraries: readonly { readonly name: string; readonly binary: string }[];
}

export const libraryFolder = '/conformance/lib';
const muslLoader = '/lib/ld-musl-x86_64.so.1';

const files: Record<string, string> = {
  'etc/hosts': '127.0.0.1\tlocalhost\n::1\tlocalhost\n',
  'etc/passwd': 'root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n',
  'etc/group': 'root:x:0:\nnogroup:x:65534:\n',
  'etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
  'conformance/data/greeting': 'hello from the image\n',
  'conformance/data/second': 'second file\n',
};

async function build(program: ConformanceProgram, variant: Variant): Promise<Built> {
  const flags = [...program.compileFlags, ...(program.libraries.length > 0 ? [`-Wl,-rpath,${libraryFolder}`] : [])];
  const binary = await compile({ source: program.source, variant, flags });
  const libraries = [];
  for (const name of program.libraries) {
    const base = join(programsFolder, program.group, `${name}.library`);
    const source = existsSync(`${base}.cc`) ? `${base}.cc` : `${base}.c`;
    libraries.push({ name: `lib${name}.so`, binary: await compile({ source, variant, library: true }) });
  }
  return { program, variant, binary, libraries };
}

/** Lays the root of one group and variant: programs, their libraries, and the few files in /etc. */
async function layRoot(root: string, variant: Variant, members: readonly Built[]): Promise<void> {
  rmSync(root, { recursive: true, force: true });
  for (const folder of ['dev', 'proc', 'sys', 'tmp']) mkdirSync(join(root, folder), { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  for (const member of members) {
    copyIntoRoot(root, member.binary, `/conformance/${member.program.id}`);
    for (const library of member.libraries) copyIntoRoot(root, library.binary, join(libraryFolder, library.name));
    if (variant !== 'dynamic') continue;
    for (const binary of [member.binary, ...member.libraries.map((library) => library.binary)]) {
      for (const path of await librariesOf(binary)) copyIntoRoot(root, path);
    }
  }
  if (variant === 'musl') copyIntoRoot(root, muslLoader);
  // glibc loads it by itself for pthread_cancel and pthread_exit.
  if (variant === 'dynamic') copyIntoRoot(root, '/lib/x86_64-linux-gnu/libgcc_s.so.1');
}

/** Compiles, lays and packs everything. A program that does not compile is an error: the set is ours. */
export async function makeCases(
  programs: readonly ConformanceProgram[],
  wanted: readonly Variant[],
  jobs: number,
): Promise<ConformanceCase[]> {
  const pairs = programs.flatMap((program) =>
    program.variants.filter((variant) => wanted.includes(variant)).map((variant) => ({ program, variant })),
  );
  const problems: string[] = [];
  const attempts = await mapLimited(pairs, jobs, async ({ program, variant }) => {
    try {
      return await build(program, variant);
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  });
  if (problems.length > 0) throw new Error(`programs that do not compile:\n${problems.join('\n')}`);
  const built = attempts.filter((one) => one !== undefined);
  const groups = new Map<string, Built[]>();
  for (const one of built) {
    const key = `${one.variant}-${one.program.group}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  const roots = buildFolder('conformance', 'roots');
  const packed = await mapLimited([...groups], jobs, async ([key, members]) => {
    const root = join(roots, key);
    const [first] = members;
    if (first === undefined) return [];
    await layRoot(root, first.variant, members);
    const image = await packRoot(root, buildFolder('conformance', 'images'), key);
    return members.map(({ program, variant }) => ({
      id: `${program.id} (${variant})`,
      program,
      variant,
      path: `/conformance/${program.id}`,
      root,
      image,
    }));
  });
  return packed.flat().sort((left, right) => (left.id < right.id ? -1 : 1));
}
