import type { ChildProcess } from 'node:child_process';
import { open, readFile, writeFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { requireProgram, spawnBound } from '@osv/local';
import { NodeAgentError } from '../error.ts';
import { type Box, bubblewrapArguments } from './bubblewrap.ts';

export interface ContainerStart {
  box: Omit<Box, 'infoDescriptor'>;
  command: readonly string[];
  /** Words that put a command into the pod's network. */
  enter: readonly string[];
  logPath: string;
}

const infoDescriptor = 3;
const notStarted = 255;

/** One run of a container's program. It ends when this process does, however that ends. */
export class ContainerProcess {
  /** The exit code, 128 more than a signal's number. */
  readonly ended: Promise<number>;
  readonly #child: ChildProcess;
  readonly #pid: number;

  private constructor(child: ChildProcess, pid: number, ended: Promise<number>) {
    this.#child = child;
    this.#pid = pid;
    this.ended = ended;
  }

  /** Resolves when the program is about to run. @throws NodeAgentError tool-failed, LocalError tool-missing */
  static async start({ box, command, enter, logPath }: ContainerStart): Promise<ContainerProcess> {
    const [setpriv, bubblewrap] = [await requireProgram('setpriv'), await requireProgram('bwrap')];
    await writeFile(logPath, '', { mode: 0o600 });
    const log = await open(logPath, 'a', 0o600);
    try {
      const words = bubblewrapArguments({ ...box, infoDescriptor }, command);
      const child = spawnBound(setpriv, [...enter, bubblewrap, ...words], ['ignore', log.fd, log.fd, 'pipe']);
      const ended = new Promise<number>((resolve) => {
        child.on('exit', (code) => resolve(code ?? notStarted));
        child.on('error', () => resolve(notStarted));
      });
      const info = await text(child.stdio[infoDescriptor] as Readable).catch(() => '');
      const pid = Number(/"child-pid": (\d+)/.exec(info)?.[1]);
      if (pid > 0) return new ContainerProcess(child, pid, ended);
      await ended;
      const said = (await readFile(logPath, 'utf8')).trim().split('\n').at(-1) ?? '';
      const needs = 'bubblewrap cannot make a container, for which this machine must allow user name spaces';
      throw new NodeAgentError('tool-failed', `${needs}: ${said}`);
    } finally {
      await log.close();
    }
  }

  signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    try {
      process.kill(this.#pid, signal);
    } catch {
      // It has ended, and its exit is about to be told.
    }
  }
}
