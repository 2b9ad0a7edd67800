import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { lastLines, showLog } from './show-log.ts';

class Collector extends Writable {
  text = '';
  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.text += chunk.toString('latin1');
    done();
  }
}

async function logFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'osv-log-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, 'console.log');
}

const view = { prefix: '', tailLines: undefined, follow: undefined };

test.each([
  ['a\nb\nc\n', 2, 'b\nc\n'],
  ['a\nb\nc', 2, 'b\nc'],
  ['a\n', 5, 'a\n'],
  ['', 1, ''],
  ['\n\n', 1, '\n'],
])('of %j the last %d lines are %j', (text, count, expected) => {
  expect(lastLines(Buffer.from(text), count).toString()).toBe(expected);
});

test('the older part comes first', async () => {
  const path = await logFile();
  await writeFile(`${path}.1`, 'old\n');
  await writeFile(path, 'new\n');
  const output = new Collector();
  await showLog({ ...view, path, output });
  expect(output.text).toBe('old\nnew\n');
});

test('lines are marked with their instance', async () => {
  const path = await logFile();
  await writeFile(path, 'one\ntwo\n');
  const output = new Collector();
  await showLog({ ...view, path, output, prefix: 'web-0: ' });
  expect(output.text).toBe('web-0: one\nweb-0: two\n');
});

test('a log is followed across rotation, to its last byte', async () => {
  const path = await logFile();
  await writeFile(path, 'first\n');
  const output = new Collector();
  const steps = [
    () => appendFile(path, 'second\n'),
    async () => {
      await rename(path, `${path}.1`);
      await writeFile(path, 'third\n');
    },
    () => appendFile(path, 'last'),
  ];
  const follow = async () => {
    const step = steps.shift();
    await step?.();
    return step !== undefined;
  };
  await showLog({ ...view, path, output, follow });
  expect(output.text).toBe('first\nsecond\nthird\nlast');
});

test('a log that does not exist is empty', async () => {
  const output = new Collector();
  await showLog({ ...view, path: await logFile(), output });
  expect(output.text).toBe('');
});
