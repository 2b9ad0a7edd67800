import { open, readFile } from 'node:fs/promises';
import type { Container } from './container.ts';

/** A kubelet's limits. */
const messageBytesMax = 4096;
const logBytesMax = 2048;
const logLinesMax = 80;

/** What a container left to say, by its terminationMessagePolicy. */
export async function terminationMessage(
  container: Container,
  exitCode: number,
  files: { terminationFile: string; logPath: string },
): Promise<string> {
  const written = (await readFile(files.terminationFile)).subarray(0, messageBytesMax).toString();
  const fromLog = container.terminationMessagePolicy === 'FallbackToLogsOnError' && exitCode !== 0;
  if (written || !fromLog) return written;
  const file = await open(files.logPath);
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - logBytesMax);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(logBytesMax), 0, logBytesMax, from);
    return buffer.subarray(0, bytesRead).toString().split('\n').slice(-logLinesMax).join('\n');
  } finally {
    await file.close();
  }
}
