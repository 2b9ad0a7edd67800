import { readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';

const dayMilliseconds = 86_400_000;

/** Notes that an entry of a cache is in use; see {@link removeUnused}. */
export async function markUsed(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now);
}

/** Removes the entries of a cache that nobody has marked as used for so many days. Several processes may do so at once. */
export async function removeUnused(folder: string, daysMax: number): Promise<void> {
  for (const entry of await readdir(folder)) {
    const path = join(folder, entry);
    const usedAt = (await stat(path).catch(() => undefined))?.mtimeMs;
    if (usedAt === undefined || Date.now() - usedAt <= daysMax * dayMilliseconds) continue;
    await rm(path, { recursive: true, force: true });
  }
}
