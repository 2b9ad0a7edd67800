import type { Readable } from 'node:stream';

/** A line longer than this is cut: the other side may be hostile. */
const lineBytesMax = 1024 * 1024;

/**
 * Calls `onLine` for each complete line of a stream. Errors of the stream are its owner's business (a readline interface
 * would raise them once more).
 */
export function onLines(stream: Readable, onLine: (line: string) => void): void {
  let pending = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (pending + chunk).split('\n');
    pending = (lines.pop() ?? '').slice(0, lineBytesMax);
    for (const line of lines) if (line) onLine(line);
  });
}
