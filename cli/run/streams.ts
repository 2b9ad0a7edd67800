import type { OutputSink } from '@osv/local/instance/supervisor.ts';

/**
 * Hands what the program writes to one of our own streams, at the reader's pace.
 *
 * @param onClosed called once when the reader has gone away, or the stream takes no more for another reason
 */
export function sinkTo(stream: NodeJS.WriteStream, onClosed: () => void): OutputSink {
  let closed = false;
  stream.on('error', () => {
    if (closed) return;
    closed = true;
    onClosed();
  });
  return (chunk) =>
    closed
      ? undefined
      : new Promise<void>((resolve) => {
          // The callback comes with the error too; what the stream cannot take is lost, as with any program.
          stream.write(chunk, () => resolve());
        });
}
