import { type FileHandle, open } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

const chunkBytes = 64 * 1024;
const pollMilliseconds = 100;

export interface LogView {
  path: string;
  /** Put before each line; empty for the bytes as they are. */
  prefix: string;
  tailLines: number | undefined;
  output: Writable;
  /** Whether the log may still grow; without it the log is shown as it is now. */
  follow: (() => Promise<boolean>) | undefined;
}

/** Writes a log, its older part first, and follows it across rotation. */
export async function showLog(view: LogView): Promise<void> {
  const write = writerOf(view);
  const older = await open(`${view.path}.1`).catch(() => undefined);
  const current = await open(view.path).catch(() => undefined);
  if (view.tailLines !== undefined) {
    const whole = Buffer.concat([await readAll(older), await readAll(current)]);
    await write(lastLines(whole, view.tailLines));
  } else {
    await copy(older, 0, write);
  }
  await older?.close();
  const start = view.tailLines === undefined ? 0 : ((await current?.stat())?.size ?? 0);
  await followFrom(view, current, start, write);
}

type Write = (chunk: Buffer) => Promise<void>;

async function followFrom(view: LogView, first: FileHandle | undefined, start: number, write: Write): Promise<void> {
  let file = first;
  let position = start;
  for (;;) {
    // Asked before reading, so that what was written before the end is always read.
    const growing = (await view.follow?.()) ?? false;
    position = await copy(file, position, write);
    if (!growing) break;
    const successor = await open(view.path).catch(() => undefined);
    if (successor && (await successor.stat()).ino !== (await file?.stat())?.ino) {
      await copy(file, position, write);
      await file?.close();
      [file, position] = [successor, 0];
      continue;
    }
    await successor?.close();
    await delay(pollMilliseconds);
  }
  await file?.close();
}

async function copy(file: FileHandle | undefined, from: number, write: Write): Promise<number> {
  let position = from;
  const buffer = Buffer.alloc(chunkBytes);
  for (;;) {
    const { bytesRead } = (await file?.read(buffer, 0, chunkBytes, position)) ?? { bytesRead: 0 };
    if (bytesRead === 0) return position;
    await write(Buffer.from(buffer.subarray(0, bytesRead)));
    position += bytesRead;
  }
}

async function readAll(file: FileHandle | undefined): Promise<Buffer> {
  return file ? file.readFile() : Buffer.alloc(0);
}

/** The last lines of a text, a last one without line feed included. */
export function lastLines(text: Buffer, count: number): Buffer {
  let position = text.at(-1) === lineFeed ? text.length - 1 : text.length;
  for (let found = 0; found < count; found++) {
    // A negative start would mean the end of the buffer.
    position = position > 0 ? text.lastIndexOf(lineFeed, position - 1) : -1;
    if (position < 0) return text;
  }
  return text.subarray(position + 1);
}

const lineFeed = 0x0a;

function writerOf({ output, prefix }: LogView): Write {
  let lineStart = true;
  return async (chunk) => {
    let bytes = chunk;
    if (prefix) {
      const text = chunk.toString('latin1');
      const marked = text.replaceAll(/\n(?!$)/g, `\n${prefix}`);
      bytes = Buffer.from(lineStart && text ? prefix + marked : marked, 'latin1');
      lineStart = text.endsWith('\n');
    }
    if (bytes.length > 0) await new Promise<void>((resolve) => output.write(bytes, () => resolve()));
  };
}
