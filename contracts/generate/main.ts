// Writes every generated file of the project, or with --check says which of them differ from what would be written.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { outputs } from './outputs.ts';

const root = join(import.meta.dirname, '../..');
const check = process.argv.includes('--check');

const stale: string[] = [];
for (const output of outputs) {
  const path = join(root, output.path);
  const wanted = await output.render();
  const present = await readFile(path, 'utf8').catch(() => undefined);
  if (present === wanted) continue;
  stale.push(output.path);
  if (!check) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, wanted);
  }
}

if (check && stale.length > 0) {
  console.error(`Generated files differ from their sources; run \`npm run generate\`:\n  ${stale.join('\n  ')}`);
  process.exitCode = 1;
} else {
  for (const path of stale) console.error(`wrote ${path}`);
}
