import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract, type Header } from 'tar-stream';
import type { BlobStore } from '../../contents/blob-store.ts';
import type { FileTree } from '../../contents/file-tree.ts';
import { BuildError, isSystemError } from '../../error.ts';

/** The bytes of a tar entry: read to their end, or let go. */
type Entry = AsyncIterable<unknown> & { resume(): unknown };

/** Whether a tar entry has bytes that become a file. */
export function isFile({ type }: Header): boolean {
  return type === 'file' || type === 'contiguous-file';
}

/**
 * Adds a tar entry that is no file.
 *
 * @param count hears of the bytes that the image gets by it
 * @throws BuildError `bad-archive`
 */
export function addSpecial(tree: FileTree, header: Header, count: (bytes: number) => void): void {
  const mode = header.mode ?? 0o755;
  switch (header.type) {
    case 'directory':
      tree.makeDirectory(header.name, mode);
      break;
    case 'symlink':
      tree.addSymlink(header.name, header.linkname ?? '');
      break;
    case 'link':
      count(tree.addHardLink(header.name, header.linkname ?? ''));
      break;
    case 'character-device':
    case 'block-device':
    case 'fifo':
      // The kernel makes its own /dev; a device number from an archive means nothing to it.
      break;
    default: {
      const sentence = `The archive holds ${JSON.stringify(header.name)}, which is of an unknown type`;
      throw new BuildError('bad-archive', sentence);
    }
  }
}

/**
 * Reads a tar stream entry by entry.
 *
 * @param visit takes the entry's bytes to their end
 * @throws BuildError `bad-archive`, and what `visit` throws
 */
export async function readTar(
  stream: Readable,
  visit: (header: Header, entry: Entry) => Promise<void> | void,
): Promise<void> {
  const unpack = extract();
  const read = async () => {
    for await (const entry of unpack) {
      const { name, pax } = entry.header as Header & { pax?: Record<string, string> | null };
      // Its bytes begin with a map of the holes, and its own name stands in the map's place (tar(5), GNU tar 1.0).
      if (Object.keys(pax ?? {}).some((key) => key.startsWith('GNU.sparse.'))) {
        throw new BuildError(
          'bad-archive',
          `The archive holds ${JSON.stringify(name)} as a sparse file; pack it without -S`,
        );
      }
      await visit(entry.header, entry);
    }
  };
  // Either half fails when the other one does; what the reader says comes first, for it knows the reason.
  const [reading, piping] = await Promise.allSettled([read(), pipeline(stream, unpack)]);
  const failures = [reading, piping].flatMap((half) => (half.status === 'rejected' ? [half.reason as Error] : []));
  const cause = failures.find((failure) => failure instanceof BuildError || isSystemError(failure)) ?? failures[0];
  if (!cause) return;
  if (cause instanceof BuildError || isSystemError(cause)) throw cause;
  throw new BuildError('bad-archive', `The tar archive cannot be read: ${cause.message}`, { cause });
}

/**
 * Unpacks a tar stream into a tree. Later entries replace earlier ones, as tar(1) does.
 *
 * @param packedBytes how many bytes of the packed archive have been read so far, for the limit on the ratio
 * @throws BuildError `bad-archive`
 */
export async function unpackTar(
  stream: Readable,
  tree: FileTree,
  blobs: BlobStore,
  packedBytes: () => number,
): Promise<void> {
  await readTar(stream, async (header, entry) => {
    blobs.countEntry();
    if (isFile(header)) {
      const content = await blobs.store(Readable.from(entry), packedBytes);
      tree.addFile(header.name, header.mode ?? 0o644, content);
    } else {
      addSpecial(tree, header, (bytes) => blobs.countBytes(bytes, packedBytes));
      entry.resume();
    }
  });
}
