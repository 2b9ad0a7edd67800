import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import yauzl, { type Entry } from 'yauzl';
import type { BlobStore } from '../../contents/blob-store.ts';
import type { FileTree } from '../../contents/file-tree.ts';
import { BuildError, isSystemError } from '../../error.ts';

/** Smallest local file header (APPNOTE.TXT 4.3.7). */
const localHeaderBytes = 30;
const fileTypeMask = 0o170000;
const symlinkType = 0o120000;
const linkTargetBytesMax = 4096;

/** Entries that share bytes let a small file claim any size: 10 MB can unpack to 281 TB that way. */
function refuseOverlaps(entries: readonly Entry[]): void {
  const sorted = [...entries].sort((a, b) => a.relativeOffsetOfLocalHeader - b.relativeOffsetOfLocalHeader);
  sorted.reduce((end, entry) => {
    if (entry.relativeOffsetOfLocalHeader < end) {
      throw new BuildError('bad-archive', `The zip entry ${JSON.stringify(entry.fileName)} overlaps another one`);
    }
    return entry.relativeOffsetOfLocalHeader + localHeaderBytes + entry.fileNameRaw.length + entry.compressedSize;
  }, 0);
}

function refuseDuplicates(entries: readonly Entry[]): void {
  const names = new Set<string>();
  for (const { fileName } of entries) {
    if (names.has(fileName)) throw new BuildError('bad-archive', `The zip holds ${JSON.stringify(fileName)} twice`);
    names.add(fileName);
  }
}

/** The bytes of an entry; at their end they are compared with its checksum, which yauzl does not look at. */
async function* checked(bytes: AsyncIterable<Buffer>, { crc32: expected, fileName }: Entry) {
  let sum = 0;
  for await (const chunk of bytes) {
    sum = crc32(chunk, sum);
    yield chunk;
  }
  if (sum !== expected) throw new BuildError('bad-archive', `The zip entry ${JSON.stringify(fileName)} is damaged`);
}

/**
 * Unpacks a zip file into a tree; links and modes as Info-ZIP stores them.
 *
 * @throws BuildError `bad-archive`, also for encrypted, overlapping and duplicate entries
 */
export async function unpackZip(path: string, tree: FileTree, blobs: BlobStore): Promise<void> {
  try {
    const zip = await yauzl.openPromise(path, { autoClose: false, lazyEntries: true });
    try {
      const entries: Entry[] = [];
      for await (const entry of zip.eachEntry()) {
        blobs.countEntry();
        entries.push(entry);
      }
      refuseDuplicates(entries);
      refuseOverlaps(entries);
      let packed = 0;
      for (const entry of entries) {
        packed += entry.compressedSize;
        const unixMode = entry.externalFileAttributes >>> 16;
        if (entry.fileName.endsWith('/')) {
          tree.makeDirectory(entry.fileName, unixMode & 0o7777 || 0o755);
          continue;
        }
        if (!entry.canDecodeFileData()) {
          const sentence = `The zip entry ${JSON.stringify(entry.fileName)} is encrypted or compressed in an unknown way`;
          throw new BuildError('bad-archive', sentence);
        }
        const stream = Readable.from(checked(await zip.openReadStreamPromise(entry), entry));
        if ((unixMode & fileTypeMask) === symlinkType) {
          if (entry.uncompressedSize > linkTargetBytesMax) {
            throw new BuildError('bad-archive', `The link ${JSON.stringify(entry.fileName)} has no valid target`);
          }
          const target: Buffer[] = [];
          for await (const chunk of stream) target.push(chunk as Buffer);
          tree.addSymlink(entry.fileName, Buffer.concat(target).toString());
        } else {
          const content = await blobs.store(stream, () => packed);
          tree.addFile(entry.fileName, unixMode & 0o777 || 0o644, content);
        }
      }
    } finally {
      zip.close();
    }
  } catch (cause) {
    if (cause instanceof BuildError || isSystemError(cause)) throw cause;
    throw new BuildError('bad-archive', `The zip archive cannot be read: ${(cause as Error).message}`, { cause });
  }
}
