/**
 * Messages for the person who waits, on stderr. On a terminal a passing message is overwritten by the next; elsewhere
 * each is a plain line.
 */
export class Progress {
  readonly #stream: NodeJS.WriteStream;
  #passing = false;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  /** What is going on now. */
  step(message: string): void {
    if (!this.#stream.isTTY) {
      this.#stream.write(`${message}\n`);
      return;
    }
    this.#stream.write(`\r\x1b[K${message}`);
    this.#passing = true;
  }

  /** Shown on a terminal only, and gone afterwards: for commands whose stderr belongs to a program. */
  passing(message: string): void {
    if (this.#stream.isTTY) this.step(message);
  }

  /** What stays. */
  line(message: string): void {
    this.clear();
    this.#stream.write(`${message}\n`);
  }

  clear(): void {
    if (!this.#passing) return;
    this.#stream.write('\r\x1b[K');
    this.#passing = false;
  }
}
