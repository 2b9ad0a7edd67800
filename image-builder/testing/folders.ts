import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';

/** A folder that is removed after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'osv-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes files by path, making the folders above them. */
export function writeFiles(folder: string, files: Record<string, string | Uint8Array>): void {
  for (const [path, content] of Object.entries(files)) {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content);
  }
}

/** Runs a program of an extracted root file system there, and returns what it prints. */
export function runInRoot(root: string, program: string, ...args: string[]): string {
  // Without root rights, a user namespace gives the right to chroot(2).
  const prefix = process.getuid?.() === 0 ? [] : ['unshare', '--map-root-user'];
  const [command = '', ...rest] = [...prefix, 'chroot', root, program, ...args];
  return execFileSync(command, rest, { encoding: 'utf8' });
}
