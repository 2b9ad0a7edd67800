import type { BuildResult } from '@osv/contracts';

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
