import { ApiError } from './api-error.ts';

const newline = 0x0a;
/** Far above what etcd lets an object be (1.5 MiB), however it is written. */
const lineBytesMax = 32 * 1024 * 1024;

/**
 * The JSON values of a stream that has one a line, as a watch sends them.
 *
 * @throws ApiError `unreachable` when the stream ends in the middle of a line
 *
 * ```ts
 * for await (const event of jsonLines(response.body)) console.log(event);
 * ```
 */
export async function* jsonLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<unknown, void, undefined> {
  let begun: Uint8Array[] = [];
  let begunBytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(newline, start);
      const part = chunk.subarray(start, end < 0 ? undefined : end);
      if (part.length > 0) begun.push(part);
      begunBytes += part.length;
      if (begunBytes > lineBytesMax) throw broken(`sent a line of more than ${lineBytesMax} bytes`);
      if (end < 0) break;
      start = end + 1;
      const line = begun.length === 1 && begun[0] ? begun[0] : Buffer.concat(begun);
      begun = [];
      begunBytes = 0;
      if (line.length > 0) yield parse(line);
    }
  }
  if (begunBytes > 0) throw broken('ended in the middle of a line');
}

function parse(line: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString('utf8'));
  } catch (cause) {
    throw broken('sent a line that is no JSON', cause);
  }
}

function broken(what: string, cause?: unknown): ApiError {
  return new ApiError(`The API server's stream ${what}.`, { status: 0, reason: 'Unreachable', cause });
}
