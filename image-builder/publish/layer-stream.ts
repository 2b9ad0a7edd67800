import { createHash } from 'node:crypto';
import { PassThrough } from 'node:stream';

/** What has passed through a stream: sha256 in hexadecimal digits, and size in bytes. */
export interface Counted {
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** A stream that hands on what it gets; `end` tells once what it was. */
export function byteCounter(): { readonly stream: PassThrough; end(): Counted } {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const stream = new PassThrough();
  stream.on('data', (chunk: Buffer) => {
    hash.update(chunk);
    sizeBytes += chunk.length;
  });
  return { stream, end: () => ({ sha256: hash.digest('hex'), sizeBytes }) };
}

/** Resolves when a tar that `fill` makes has been written whole; an error of `fill` ends the writing. */
export async function filled(tar: { destroy(error: Error): void }, written: Promise<void>, fill: () => Promise<void>) {
  await Promise.all([
    written,
    fill().catch((error: Error) => {
      tar.destroy(error);
      throw error;
    }),
  ]);
}
