import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { BuildError } from './error.ts';

export interface ToolOptions {
  readonly cwd?: string;
  readonly signal?: AbortSignal;
  /** Debian package that brings the tool, named when it is missing. */
  readonly package: string;
}

const outputBytesMax = 64 * 1024 * 1024;

function spawnTool(command: string, args: readonly string[], options: ToolOptions) {
  return spawn(command, args, {
    cwd: options.cwd,
    signal: options.signal,
    stdio: ['ignore', 'pipe', 'pipe'],
    // Messages that are matched or shown must not depend on the user's language.
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  });
}

/** Resolves to the exit status once the tool is gone, also when it was told to stop: it writes nothing after that. */
function exitOf(child: ChildProcess, command: string, options: ToolOptions): Promise<number | null> {
  return new Promise((resolve, reject) => {
    let failure: unknown;
    child.once('error', (cause) => {
      failure = missing(command, options, cause);
      if (child.pid === undefined) reject(failure);
    });
    child.once('close', (status) => (failure === undefined ? resolve(status) : reject(failure)));
  });
}

function missing(command: string, options: ToolOptions, cause: unknown): unknown {
  if (options.signal?.aborted) return options.signal.reason;
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') {
    const sentence = `${command} is not installed; install the Debian package ${options.package}`;
    return new BuildError('tool-missing', sentence, { cause });
  }
  return new BuildError('tool-failed', `${command} could not be run: ${(cause as Error).message}`, { cause });
}

function failed(command: string, { exitCode, signalCode }: ChildProcess, errors: string): BuildError {
  const last = errors.trim().split('\n').slice(-3).join('; ');
  const end = signalCode === null ? `failed with status ${exitCode}` : `was ended by ${signalCode}`;
  return new BuildError('tool-failed', `${command} ${end}${last ? `: ${last}` : ''}`);
}

/**
 * Runs a tool to its end and returns what it printed.
 *
 * @throws BuildError `tool-missing`, or `tool-failed` with the tool's last words
 */
export async function runTool(command: string, args: readonly string[], options: ToolOptions): Promise<string> {
  const child = spawnTool(command, args, options);
  const output: Buffer[] = [];
  let outputBytes = 0;
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => {
    outputBytes += chunk.length;
    if (outputBytes > outputBytesMax) child.kill();
    else output.push(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-8192);
  });
  const status = await exitOf(child, command, options);
  if (status !== 0) throw failed(command, child, errors);
  return Buffer.concat(output).toString();
}

/**
 * Runs a tool and hands its output to `consume` as a stream.
 *
 * @throws what `consume` throws, or BuildError as runTool
 */
export async function streamTool(
  command: string,
  args: readonly string[],
  options: ToolOptions,
  consume: (output: Readable) => Promise<void>,
): Promise<void> {
  const child = spawnTool(command, args, options);
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-8192);
  });
  const ended = exitOf(child, command, options);
  // The tool's own complaint explains more than the reader's "unexpected end".
  const consumed = consume(child.stdout).then(
    () => undefined,
    (cause: unknown) => {
      child.kill();
      return { cause };
    },
  );
  const [status, failure] = await Promise.all([ended, consumed]);
  // A tool whose reader has failed ends so; one that anything else killed has not said everything.
  const stopped = failure !== undefined && /^SIG(TERM|PIPE)$/.test(child.signalCode ?? '');
  if (status !== 0 && !stopped) throw failed(command, child, errors);
  if (failure) throw failure.cause;
}
