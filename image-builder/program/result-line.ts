import type { BuildResult } from '@osv/contracts';
import { BuildError } from '../error.ts';

/** What a kubelet keeps of a container's termination message, which is how a build Job's result travels. */
const bytesMax = 4096;
const cutMessageLength = 512;

function lineOf(result: BuildResult): string {
  return `${JSON.stringify(result)}\n`;
}

/**
 * The one line of a result. A longer one than a termination message can be would arrive cut in the middle, so the ends
 * of its lists are left out instead, and their number told.
 */
export function resultLine(result: BuildResult): string {
  let line = lineOf(result);
  if (Buffer.byteLength(line) <= bytesMax) return line;
  if ('error' in result) {
    return lineOf({ error: { ...result.error, message: `${result.error.message.slice(0, cutMessageLength)}…` } });
  }
  const missingSystemCalls = [...result.compatibility.missingSystemCalls];
  const missingLibraries = [...result.compatibility.missingLibraries];
  for (let omitted = 1; Buffer.byteLength(line) > bytesMax; omitted++) {
    const longer = missingLibraries.length > 0 ? missingLibraries : missingSystemCalls;
    if (longer.pop() === undefined) break;
    line = lineOf({ ...result, compatibility: { missingSystemCalls, missingLibraries, omitted } });
  }
  return line;
}

/**
 * A result as a termination message, for which what an image runs can be too long: cut, it would be none.
 *
 * @throws BuildError `unsupported`
 */
export function terminationMessage(result: BuildResult): string {
  const line = resultLine(result);
  const bytes = Buffer.byteLength(line);
  if (bytes <= bytesMax) return line;
  const sentence = `The command and the environment of the image take ${bytes} bytes with the rest of the result, of which a Job can tell ${bytesMax}; take an image with fewer variables, and set them in spec.env`;
  throw new BuildError('unsupported', sentence);
}
