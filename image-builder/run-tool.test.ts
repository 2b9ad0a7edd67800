import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { runTool, streamTool } from './run-tool.ts';

const options = { package: 'dash' };

async function consume(stream: NodeJS.ReadableStream): Promise<void> {
  await buffer(stream);
}

test('a tool that is killed has failed, however well what it said until then reads', async () => {
  const words = ['-c', 'echo whole; kill -KILL $$'];
  const failure = { code: 'tool-failed', message: 'sh was ended by SIGKILL' };
  await expect(streamTool('sh', words, options, consume)).rejects.toMatchObject(failure);
  await expect(runTool('sh', words, options)).rejects.toMatchObject(failure);
});

test('a tool that fails is quoted', async () => {
  const failure = { code: 'tool-failed', message: 'sh failed with status 3: no' };
  await expect(streamTool('sh', ['-c', 'echo no >&2; exit 3'], options, consume)).rejects.toMatchObject(failure);
});

test('a tool that is stopped because its reader has failed ends with the reason of the reader', async () => {
  const read = streamTool('sh', ['-c', 'while :; do echo more; done'], options, async (stream) => {
    for await (const _ of stream) throw new Error('the reader has had enough');
  });
  await expect(read).rejects.toThrow('the reader has had enough');
});
