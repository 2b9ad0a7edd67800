import { once } from 'node:events';
import { createWriteStream, renameSync, statSync, type WriteStream } from 'node:fs';

/** A log of at most twice this size: the current part, and the one before it with the ending `.1`. */
const partBytesMax = 32 * 1024 * 1024;

/**
 * Appends what a program prints to a file that does not grow for ever. A file that takes no more, as on a full disk,
 * ends the log and not the program: writes after that do nothing.
 */
export class ConsoleLog {
  readonly #path: string;
  readonly #partBytesMax: number;
  #stream: WriteStream;
  #bytes: number;
  #failure: Error | undefined;

  constructor(path: string, limit = partBytesMax) {
    this.#path = path;
    this.#partBytesMax = limit;
    this.#stream = this.#open();
    this.#bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Why the log is incomplete, if it is. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Resolves when more may be written. */
  async write(chunk: Buffer): Promise<void> {
    if (this.#failure) return;
    try {
      if (this.#bytes + chunk.length > this.#partBytesMax && this.#bytes > 0) await this.#rotate();
      this.#bytes += chunk.length;
      if (!this.#stream.write(chunk)) await once(this.#stream, 'drain');
    } catch (error) {
      this.#failure ??= error as Error;
    }
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#stream.end(() => resolve()));
  }

  #open(): WriteStream {
    const stream = createWriteStream(this.#path, { flags: 'a', mode: 0o600 });
    stream.on('error', (error) => {
      this.#failure ??= error;
    });
    return stream;
  }

  async #rotate(): Promise<void> {
    await this.close();
    renameSync(this.#path, `${this.#path}.1`);
    this.#stream = this.#open();
    this.#bytes = 0;
  }
}
