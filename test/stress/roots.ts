/** Compiles the programs and packs them into root images: one for all, and one for each that wants a file of its own. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mapLimited } from '../guest/command.ts';
import { compile } from '../guest/compile.ts';
import { buildFolder } from '../guest/paths.ts';
import { copyIntoRoot, librariesOf, packRoot } from '../guest/root-image.ts';
import type { StressProgram } from './programs.ts';

export interface StressCase {
  readonly program: StressProgram;
  /** Of the program, in its root. */
  readonly path: string;
  /** The unpacked root. */
  readonly root: string;
  /** The same root as an EROFS image. */
  readonly image: string;
}

const mebibyte = 1 << 20;

/** 8-byte little-endian words, each its own offset plus 8, times an odd constant: no two pages are the same. */
function numberedFile(mib: number): Buffer {
  const words = new BigUint64Array((mib * mebibyte) / 8);
  let value = 0n;
  for (let index = 0; index < words.length; index++) {
    value = BigInt.asUintN(64, value + 8n * 0x9e3779b97f4a7c15n);
    words[index] = value;
  }
  return Buffer.from(words.buffer);
}

async function layRoot(root: string, members: readonly { program: StressProgram; binary: string }[]): Promise<void> {
  rmSync(root, { recursive: true, force: true });
  for (const folder of ['dev', 'proc', 'sys', 'tmp']) mkdirSync(join(root, folder), { recursive: true });
  for (const { program, binary } of members) {
    copyIntoRoot(root, binary, `/stress/${program.name}`);
    for (const path of await librariesOf(binary)) copyIntoRoot(root, path);
    if (program.dataMib > 0) writeFileSync(join(root, 'data'), numberedFile(program.dataMib));
  }
  // glibc loads it by itself for pthread_exit.
  copyIntoRoot(root, '/lib/x86_64-linux-gnu/libgcc_s.so.1');
}

export async function makeCases(programs: readonly StressProgram[], jobs: number): Promise<StressCase[]> {
  const built = await mapLimited(programs, jobs, async (program) => ({
    program,
    binary: await compile({ source: program.source, variant: 'dynamic', flags: program.compileFlags }),
  }));
  const groups = Map.groupBy(built, ({ program }) => (program.dataMib > 0 ? program.name : 'common'));
  const cases = [...groups].map(async ([name, members]) => {
    const root = join(buildFolder('stress', 'roots'), name);
    await layRoot(root, members);
    const image = await packRoot(root, buildFolder('stress', 'images'), name);
    return members.map(({ program }) => ({ program, path: `/stress/${program.name}`, root, image }));
  });
  return (await Promise.all(cases)).flat().sort((left, right) => (left.program.name < right.program.name ? -1 : 1));
}
