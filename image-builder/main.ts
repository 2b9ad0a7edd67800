#!/usr/bin/env node
// osv-builder: what a build Job runs in a cluster, and what the operator starts on one machine.
import { writeFile } from 'node:fs/promises';
import type { BuildResult } from '@osv/contracts';
import { defaultCacheDirectory } from './cache/image-cache.ts';
import { BuildError } from './error.ts';
import { buildAndPublish } from './program/build-and-publish.ts';
import { describeFailure, exitStatus } from './program/failure.ts';
import { type BuilderOptions, parseOptions, usage } from './program/options.ts';
import { resultLine, terminationMessage } from './program/result-line.ts';

const interruption = new AbortController();
for (const name of ['SIGTERM', 'SIGINT'] as const) {
  process.once(name, () => interruption.abort(new BuildError('interrupted', `The build was interrupted by ${name}`)));
}

// Whoever starts a build with a channel wants its result: a build that nobody waits for any more would go on for nothing,
// beside the next one of the same image.
if (process.channel) {
  process.once('disconnect', () => {
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
    interruption.abort(new BuildError('interrupted', 'The build was interrupted by the end of who asked for it'));
  });
  process.channel.unref();
}

/** In place, never by renaming: in a pod it is a file that the kubelet has mounted. */
async function say(result: BuildResult, path: string): Promise<void> {
  if (path === '-') process.stdout.write(resultLine(result));
  else await writeFile(path, terminationMessage(result));
}

async function main(): Promise<number> {
  let options: BuilderOptions | 'help' | undefined;
  try {
    options = parseOptions(process.argv.slice(2), process.env);
    if (options === 'help') {
      process.stdout.write(usage);
      return exitStatus.success;
    }
    const published = await buildAndPublish(options, {
      cacheDirectory: options.cache ?? defaultCacheDirectory(process.env),
      stdin: process.stdin,
      onProgress: (message) => process.stderr.write(`${message}\n`),
      signal: interruption.signal,
    });
    await say(published, options.result);
    return exitStatus.success;
  } catch (error) {
    const { failure, status } = describeFailure(interruption.signal.aborted ? interruption.signal.reason : error);
    const { code, message } = failure.error;
    // A defect of ours is found by its stack.
    process.stderr.write(`osv-builder: ${code === 'internal' && error instanceof Error ? error.stack : message}\n`);
    await say(failure, typeof options === 'object' ? options.result : '-').catch((cause: Error) => {
      process.stderr.write(`osv-builder: the result cannot be written: ${cause.message}\n`);
    });
    return status;
  }
}

process.exitCode = await main();
