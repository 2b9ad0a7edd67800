import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The part of JSON Schema that ts-json-schema-generator writes for interfaces. */
export interface JsonSchema {
  $ref?: string;
  type?: string;
  description?: string;
  format?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  additionalProperties?: JsonSchema | boolean;
  enum?: unknown[];
}

export type Definitions = Record<string, JsonSchema>;

const typesFile = fileURLToPath(new URL('kubevirt-types.ts', import.meta.url));
const typesPackage = '@kubevirt-ui-ext/kubevirt-api/kubevirt';

/**
 * JSON Schema definitions of the interfaces behind `kubevirt-types.ts`, by the interface's name.
 *
 * Generating takes some seconds, so the result is kept under `folder` and used until the types or the generator change.
 *
 * @param folder where to keep it; by default a folder for temporary files
 */
export async function loadDefinitions(folder = join(tmpdir(), 'osv-kubevirt-schema')): Promise<Definitions> {
  const file = join(folder, `${await keyOfInputs()}.json`);
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    const definitions = await generate(folder);
    const draft = `${file}.${process.pid}`;
    await writeFile(draft, JSON.stringify(definitions));
    await rename(draft, file);
    return definitions;
  }
}

async function keyOfInputs(): Promise<string> {
  const require = createRequire(import.meta.url);
  const { version } = require('ts-json-schema-generator/package.json');
  const declarations = require.resolve(typesPackage).replace(/index\.(c?)js$/, 'index.d.ts');
  const hash = createHash('sha256').update(version);
  for (const file of [typesFile, declarations]) hash.update(await readFile(file));
  return hash.digest('hex').slice(0, 32);
}

async function generate(folder: string): Promise<Definitions> {
  await mkdir(folder, { recursive: true });
  const tsconfig = join(folder, `tsconfig.${process.pid}.json`);
  const compilerOptions = { module: 'nodenext', target: 'es2022', strict: true, skipLibCheck: true, types: [] };
  await writeFile(tsconfig, JSON.stringify({ compilerOptions, files: [typesFile] }));
  // Loaded here because it brings a compiler with it, which most runs don't need.
  const { createGenerator } = await import('ts-json-schema-generator');
  const generator = createGenerator({
    path: typesFile,
    tsconfig,
    type: '*',
    expose: 'all',
    jsDoc: 'extended',
    skipTypeCheck: true,
    additionalProperties: false,
  });
  return generator.createSchema('*').definitions as Definitions;
}
