/** Finds the conformance programs and reads what their first lines say about how to build and run them. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Variant, variants } from '../guest/compile.ts';

export interface ConformanceProgram {
  /** `group/name`. */
  readonly id: string;
  readonly group: string;
  readonly name: string;
  readonly source: string;
  /** The first comment line: what must hold. */
  readonly about: string;
  readonly variants: readonly Variant[];
  /** Names of `NAME.library.c` or `.cc` beside the program, built as libNAME.so. */
  readonly libraries: readonly string[];
  readonly arguments: readonly string[];
  readonly input: string;
  readonly compileFlags: readonly string[];
}

export const programsFolder = join(dirname(fileURLToPath(import.meta.url)), 'programs');

const directives = ['variants', 'libraries', 'arguments', 'input', 'compile', 'link', 'root'] as const;

/** Splits words at spaces; double quotes hold words together, and `""` is an empty one. */
export function splitWords(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
}

/** Reads one program's directives; an unknown variant or directive is an error. */
export function parseProgram(source: string, text: string): ConformanceProgram {
  const values = new Map<string, string>();
  const [first = '', ...rest] = text.split('\n');
  for (const line of rest) {
    const match = /^\/\/ ([a-z-]+): (.*)$/.exec(line);
    if (!match) break;
    const [, key = '', value = ''] = match;
    if (!(directives as readonly string[]).includes(key)) throw new Error(`${source}: unknown directive "${key}"`);
    values.set(key, value);
  }
  const wanted = splitWords(values.get('variants') ?? 'dynamic');
  for (const variant of wanted) {
    if (!(variants as readonly string[]).includes(variant)) throw new Error(`${source}: unknown variant "${variant}"`);
  }
  const group = basename(dirname(source));
  const name = basename(source).replace(/\.cc?$/, '');
  return {
    id: `${group}/${name}`,
    group,
    name,
    source,
    about: first.replace(/^\/\/ /, ''),
    variants: wanted as Variant[],
    libraries: splitWords(values.get('libraries') ?? ''),
    arguments: splitWords(values.get('arguments') ?? ''),
    input: (values.get('input') ?? '').replaceAll('\\n', '\n'),
    compileFlags: [...splitWords(values.get('compile') ?? ''), ...splitWords(values.get('link') ?? '')],
  };
}

/** All programs, in the order of their names. */
export function findPrograms(): ConformanceProgram[] {
  const found: ConformanceProgram[] = [];
  for (const group of readdirSync(programsFolder, { withFileTypes: true })) {
    if (!group.isDirectory()) continue;
    for (const file of readdirSync(join(programsFolder, group.name))) {
      if (!/\.cc?$/.test(file) || /\.library\.cc?$/.test(file)) continue;
      const source = join(programsFolder, group.name, file);
      found.push(parseProgram(source, readFileSync(source, 'utf8')));
    }
  }
  return found.sort((left, right) => (left.id < right.id ? -1 : 1));
}
