import { expect, test } from 'vitest';
import { jsonLines } from './json-lines.ts';

async function* chunksOf(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(text: string, size: number): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const value of jsonLines(chunksOf(text, size))) values.push(value);
  return values;
}

test.each([1, 2, 3, 7, 1000])('values come out whole, however the stream is cut (%d bytes at a time)', async (size) => {
  expect(await read('{"a":"größe"}\n\n{"b":[1,2]}\n3\n', size)).toEqual([{ a: 'größe' }, { b: [1, 2] }, 3]);
});

test('an end in the middle of a line is no end', async () => {
  await expect(read('{"a":1}\n{"b":', 4)).rejects.toMatchObject({ code: 'unreachable' });
});

test('what is no JSON is an error', async () => {
  await expect(read('<html>\n', 100)).rejects.toMatchObject({ code: 'unreachable' });
});
