import { execFile } from 'node:child_process';
import { requireProgram } from '@osv/local';
import { messageOf, NodeAgentError } from './error.ts';

const outputBytesMax = 16 * 1024 * 1024;

/**
 * Runs a program of this machine to its end.
 *
 * @returns what it printed
 * @throws NodeAgentError tool-failed with the last line of its complaint; LocalError tool-missing
 */
export async function runTool(name: string, args: readonly string[], signal?: AbortSignal): Promise<string> {
  const path = await requireProgram(name);
  return new Promise((resolve, reject) => {
    const options = { maxBuffer: outputBytesMax, ...(signal && { signal, killSignal: 'SIGKILL' as const }) };
    execFile(path, args, options, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      const said = stderr.trimEnd().split('\n').at(-1) || messageOf(error);
      reject(new NodeAgentError('tool-failed', `${name} failed: ${said}`, { cause: error }));
    });
  });
}
