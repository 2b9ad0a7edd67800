import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LocalError } from '../errors.ts';
import { findProgram } from '../tools.ts';

const run = promisify(execFile);

/** The label by which the kernel tells a boot configuration from other ISO disks. */
const bootLabel = 'osvboot';

/**
 * Writes an ISO 9660 image with Rock Ridge names. Joliet, which the kernel does not read, cannot tell names apart that
 * are equal in their first 64 letters.
 *
 * @param files name in the image → content
 */
export async function writeIsoDisk(path: string, label: string, files: Record<string, string | Buffer>): Promise<void> {
  const maker = (await findProgram('genisoimage')) ?? (await findProgram('xorrisofs'));
  if (maker === undefined) {
    throw new LocalError('tool-missing', 'genisoimage is not installed; apt-get install genisoimage');
  }
  // The folder is private (mkdtemp gives mode 0700): the files may hold secrets.
  const folder = await mkdtemp(join(tmpdir(), 'osv-iso-'));
  try {
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content, { mode: 0o600 });
    await writeFile(path, '', { mode: 0o600 });
    await makeIsoImage(maker, path, label, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Runs genisoimage, or a program that takes the same words.
 *
 * @throws LocalError machine-failed with the last thing that it said
 */
export async function makeIsoImage(maker: string, path: string, label: string, folder: string): Promise<void> {
  try {
    await run(maker, ['-quiet', '-R', '-no-pad', '-V', label, '-o', path, folder]);
  } catch (cause) {
    const lines = String((cause as { stderr?: string }).stderr ?? cause)
      .trimEnd()
      .split('\n');
    const last = (lines.at(-1) ?? '').replace(/^\S+: /, '');
    throw new LocalError('machine-failed', `The disk ${path} could not be written: ${last}`, { cause });
  }
}

/** Writes the disk with the serial `boot`; `text` is that of boot.json. */
export function writeBootDisk(path: string, text: string): Promise<void> {
  return writeIsoDisk(path, bootLabel, { 'boot.json': text });
}
