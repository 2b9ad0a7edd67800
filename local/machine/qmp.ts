import type { Duplex } from 'node:stream';
import { onLines } from '../lines.ts';

interface Reply {
  return?: unknown;
  error?: { class: string; desc: string };
  event?: string;
  data?: Record<string, unknown>;
}

interface Waiting {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

/**
 * A client of the QEMU Machine Protocol on an already connected stream (QEMU documentation, "QMP protocol
 * specification"). Commands are answered in the order in which they were sent.
 */
export class QmpClient {
  readonly #stream: Duplex;
  readonly #waiting: Waiting[] = [];
  readonly #onEvent: (name: string, data: Record<string, unknown>) => void;
  #closed = false;

  constructor(stream: Duplex, onEvent: (name: string, data: Record<string, unknown>) => void) {
    this.#stream = stream;
    this.#onEvent = onEvent;
    stream.on('error', () => this.#close());
    stream.on('close', () => this.#close());
    onLines(stream, (line) => this.#receive(line));
  }

  /** Sends one command; rejects when QEMU refuses it or ends first. */
  execute(command: string, argumentsObject?: Record<string, unknown>): Promise<unknown> {
    if (this.#closed) return Promise.reject(new Error(`QEMU ended before the command ${command}`));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#stream.write(`${JSON.stringify({ execute: command, arguments: argumentsObject })}\n`);
    });
  }

  /** Lays aside the greeting and lets the paused machine run. */
  async start(): Promise<void> {
    await this.execute('qmp_capabilities');
    await this.execute('cont');
  }

  #receive(line: string): void {
    const reply: Reply = JSON.parse(line);
    if (reply.event !== undefined) {
      this.#onEvent(reply.event, reply.data ?? {});
      return;
    }
    if (!('return' in reply) && !reply.error) return; // the greeting
    const waiting = this.#waiting.shift();
    if (reply.error) waiting?.reject(new Error(`QEMU: ${reply.error.desc}`));
    else waiting?.resolve(reply.return);
  }

  #close(): void {
    this.#closed = true;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(new Error('QEMU ended'));
  }
}
