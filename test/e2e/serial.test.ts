import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { applicationRoot } from '../guest/application-root.ts';
import { kernelPath } from '../guest/paths.ts';
import { type RunningGuest, startGuest } from '../guest/qemu.ts';
import { compile } from './support/programs.ts';

const lines = 8_000;
let root: string;
let folder: string;
beforeAll(async () => {
  root = await applicationRoot('lines', { '/lines': compile('lines') });
  folder = mkdtempSync(join(tmpdir(), 'osv-serial-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A guest that prints on its serial line, which somebody reads as `read` likes. */
async function printLines(name: string, cpus: number, read: (line: Socket, guest: RunningGuest) => Promise<string>) {
  const path = join(folder, name);
  const server = createServer({ pauseOnConnect: true });
  server.listen(path);
  const connected = once(server, 'connection') as Promise<[Socket]>;
  const guest = startGuest({
    kernel: kernelPath,
    initrd: root,
    cpus,
    ports: false,
    serialDevice: `unix:${path}`,
    commandLine: `-- /lines ${lines}`,
    timeoutMs: 300_000,
  });
  try {
    const [line] = await connected;
    line.on('error', () => {});
    const text = await read(line, guest);
    return { text, end: (await guest.ended).end };
  } finally {
    guest.stop();
    server.close();
  }
}

/** The numbers that one thread's lines hold, in their order. */
const numbers = (text: string, letter: string) =>
  [...text.matchAll(new RegExp(`^${letter}(\\d{26})\\r?$`, 'gm'))].map(([, digits]) => Number(digits));
const all = Array.from({ length: lines }, (_, index) => index);

test.for([1, 2])('nothing is lost with a reader that pauses, on %i CPUs', async (cpus) => {
  const { text } = await printLines(`pauses-${cpus}`, cpus, async (line) => {
    let text = '';
    let pauseAt = 100_000;
    for await (const part of line) {
      text += part;
      if (text.length < pauseAt) continue;
      pauseAt += 100_000;
      // The pause is the fault: many times what the line needs, a fraction of what the kernel waits.
      await delay(400);
    }
    return text;
  });
  expect(text).toContain('program exited with code 0');
  for (const letter of ['a', 'b']) expect(numbers(text, letter), text.slice(-2000)).toEqual(all);
});

test('a program ends though nobody reads what it prints', async () => {
  const { text, end } = await printLines('unread', 2, async (line, guest) => {
    await guest.ended;
    let text = '';
    for await (const part of line) text += part;
    return text;
  });
  expect(end).not.toEqual({ kind: 'timeout' });
  const first = numbers(text, 'a');
  expect(first.length).toBeGreaterThan(0);
  expect(first.length).toBeLessThan(lines);
  expect(first, 'what was sent before is whole').toEqual(all.slice(0, first.length));
});
