import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BuildError } from '../error.ts';
import type { FileContent } from './file-tree.ts';

/** Bounds of what one source may unpack to. */
export interface UnpackLimits {
  readonly bytesMax: number;
  readonly entriesMax: number;
  /** Unpacked bytes for each packed byte, once more than ratioFloorBytes are unpacked. */
  readonly ratioMax: number;
  readonly ratioFloorBytes: number;
}

export const defaultLimits: UnpackLimits = {
  bytesMax: 16 * 2 ** 30,
  entriesMax: 500_000,
  ratioMax: 200,
  ratioFloorBytes: 64 * 2 ** 20,
};

/**
 * Files of a source on their way into an image. They are stored under numbers, so that no name from an archive ever
 * names a file of the host, and counted, so that a small archive cannot fill the disk.
 */
export class BlobStore {
  readonly #directory: string;
  readonly #limits: UnpackLimits;
  #count = 0;
  #entries = 0;
  #bytes = 0;

  private constructor(directory: string, limits: UnpackLimits) {
    this.#directory = directory;
    this.#limits = limits;
  }

  static async create(directory: string, limits: UnpackLimits = defaultLimits): Promise<BlobStore> {
    await mkdir(directory);
    return new BlobStore(directory, limits);
  }

  /** Counts one name of an archive, whatever its type. */
  countEntry(): void {
    if (++this.#entries > this.#limits.entriesMax) {
      throw new BuildError('bad-archive', `The archive holds more than ${this.#limits.entriesMax} files`);
    }
  }

  /** Counts bytes that the image gets, also those that a second name of a file repeats. */
  countBytes(bytes: number, packedBytes: () => number): void {
    this.#bytes += bytes;
    const { bytesMax, ratioMax, ratioFloorBytes } = this.#limits;
    if (this.#bytes > bytesMax) {
      throw new BuildError('bad-archive', `The archive unpacks to more than ${bytesMax} bytes`);
    }
    if (this.#bytes > ratioFloorBytes && this.#bytes > packedBytes() * ratioMax) {
      throw new BuildError('bad-archive', `The archive unpacks to more than ${ratioMax} times its size`);
    }
  }

  /**
   * Stores the bytes of a stream.
   *
   * @param packedBytes how many bytes of the archive have been read so far
   */
  async store(stream: Readable, packedBytes: () => number): Promise<FileContent> {
    const path = join(this.#directory, String(this.#count++));
    let size = 0;
    const counted = async function* (this: BlobStore, source: AsyncIterable<Buffer>) {
      for await (const chunk of source) {
        size += chunk.length;
        this.countBytes(chunk.length, packedBytes);
        yield chunk;
      }
    }.bind(this);
    await pipeline(stream, counted, createWriteStream(path, { flags: 'wx' }));
    return { path, size, movable: true };
  }
}
