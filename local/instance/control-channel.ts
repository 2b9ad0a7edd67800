import type { Duplex } from 'node:stream';
import type { GuestEvent, HostCommand } from '@osv/contracts';
import { onLines } from '../lines.ts';

/** The JSON lines of the port dev.osv.control; see contracts/control-channel.schema.json. */
export class ControlChannel {
  readonly #stream: Duplex;

  constructor(stream: Duplex, onEvent: (event: GuestEvent) => void) {
    this.#stream = stream;
    onLines(stream, (line) => {
      const event = parseGuestEvent(line);
      if (event) onEvent(event);
    });
  }

  /** Delivers a signal to the program; nothing happens when the guest has ended. */
  sendSignal(signal: number): void {
    const command: HostCommand = { signal };
    if (this.#stream.writable) this.#stream.write(`${JSON.stringify(command)}\n`);
  }
}

/** Undefined for a line that is no event: the guest is not trusted to write sense. */
export function parseGuestEvent(line: string): GuestEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('event' in value)) return undefined;
  const isNumber = (key: string) => key in value && typeof (value as Record<string, unknown>)[key] === 'number';
  const isText = (key: string) => key in value && typeof (value as Record<string, unknown>)[key] === 'string';
  const complete =
    (value.event === 'ready' && isNumber('bootMicroseconds')) ||
    (value.event === 'exit' && (isNumber('code') || isNumber('signal'))) ||
    (value.event === 'panic' && isText('message')) ||
    (value.event === 'failed' && isText('message'));
  return complete ? (value as GuestEvent) : undefined;
}
