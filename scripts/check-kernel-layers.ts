// Checks kernel/'s layers: a file includes its own folder and lower numbers only, and folders of one number never
// include each other.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './commands.ts';

/** Lowest first; the folders in one row do not know of each other. */
const layers: readonly (readonly string[])[] = [
  ['base'],
  ['arch'],
  ['lock'],
  ['trace', 'log'],
  ['memory'],
  ['sched'],
  ['sync'],
  ['io', 'mapping'],
  ['devices'],
  ['net', 'vfs'],
  ['linux', 'telemetry'],
  ['boot'],
];

/** Stands in for hardware in unit tests; may know everything, and only tests may know it. */
const hosted = 'hosted';

function folderOf(path: string): string | undefined {
  return layers.flat().find((folder) => path.startsWith(`${folder}/`));
}

function numberOf(folder: string): number {
  return layers.findIndex((row) => row.includes(folder));
}

const kernel = join(root, 'kernel');
const files = readdirSync(kernel, { recursive: true, encoding: 'utf8' }).filter((path) =>
  /\.(cc|hh|h|S|c)$/.test(path),
);
const problems: string[] = [];

for (const file of files.sort()) {
  if (file.startsWith(`${hosted}/`)) continue;
  const folder = folderOf(file);
  if (!folder) {
    problems.push(`kernel/${file}: stands in no layer`);
    continue;
  }
  // A layer's folder `testing` holds what its tests share.
  const test = /_(test|fuzz)\.cc$|\/testing\//.test(file);
  const lines = readFileSync(join(kernel, file), 'utf8').split('\n');
  // An include under OSV_HOSTED is what a unit test puts in the place of hardware.
  let hostedDepth = 0;
  lines.forEach((line, index) => {
    if (/^\s*#\s*if/.test(line) && (hostedDepth > 0 || /OSV_HOSTED/.test(line))) hostedDepth++;
    else if (/^\s*#\s*endif/.test(line) && hostedDepth > 0) hostedDepth--;
    const included = /^\s*#\s*include\s*"([^"]+)"/.exec(line)?.[1];
    if (!included?.includes('/')) return;
    const at = `kernel/${file}:${index + 1}`;
    if (included.startsWith(`${hosted}/`)) {
      if (!test && hostedDepth === 0) problems.push(`${at}: includes ${included}, which only tests may`);
      return;
    }
    const other = folderOf(included);
    if (!other) problems.push(`${at}: includes ${included}, which stands in no layer`);
    else if (other !== folder && numberOf(other) >= numberOf(folder)) {
      problems.push(`${at}: ${folder} (layer ${numberOf(folder)}) includes ${included} (layer ${numberOf(other)})`);
    }
  });
}

for (const problem of problems) console.error(problem);
console.log(`${files.length} files, ${problems.length} problems`);
process.exitCode = problems.length > 0 ? 1 : 0;
