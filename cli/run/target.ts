import { stat } from 'node:fs/promises';
import type { Source } from '@osv/image-builder';
import { exitCodes, LocalError } from '@osv/local/errors.ts';
import type { ImageTag, ImageTags } from '@osv/local/image/tags.ts';

/** What `osv run` was told to run. */
export type Target =
  /** Words are the program's arguments. */
  | { kind: 'program'; source: Source }
  /** Words are a program in it and its arguments. */
  | { kind: 'files'; source: Source }
  | { kind: 'image'; tag: ImageTag };

const archivePattern = /\.(zip|jar|tar|tar\.gz|tgz)$/;

/**
 * Finds out what a word means: a folder, an archive or a program if a file of that name exists; else a built image. A
 * word with a slash is never an image, and an image hides a file without one, as with commands in a shell.
 *
 * @throws LocalError not-found (exit code 127)
 */
export async function resolveTarget(word: string, tags: ImageTags): Promise<Target> {
  const tag = word.includes('/') ? undefined : await tags.find(word);
  if (tag) return { kind: 'image', tag };
  const entry = await stat(word).catch(() => undefined);
  if (entry?.isDirectory()) return { kind: 'files', source: { kind: 'directory', path: word } };
  if (entry && archivePattern.test(word)) return { kind: 'files', source: { kind: 'archive', path: word } };
  if (entry || word.includes('/')) return { kind: 'program', source: { kind: 'hostProgram', path: word } };
  const known = (await tags.list()).map(({ name }) => name);
  const images = known.length > 0 ? `the images are ${known.join(', ')}` : 'there are no images';
  throw new LocalError('not-found', `${word} is neither a file nor an image; ${images}.`, {
    exitCode: exitCodes.notFound,
  });
}
