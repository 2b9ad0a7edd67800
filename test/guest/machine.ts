/**
 * A guest that serves: Linux or OS^v, the same program, machine and network, seen through its serial line.
 * Benchmarks and load tests talk to both through this one type.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { applicationRoot } from './application-root.ts';
import { makeBootDisk } from './boot-disk.ts';
import { atExit, killGroup } from './command.ts';
import { linuxCommandLine, linuxKernel, makeInitramfs } from './linux-guest.ts';
import { buildFolder, kernelPath } from './paths.ts';
import { qemuArguments } from './qemu.ts';

export type System = 'linux' | 'osv';
export const systems: readonly System[] = ['linux', 'osv'];

export interface MachineOptions {
  readonly system: System;
  /** Names the images below build/. */
  readonly name: string;
  /** Host files by their path in the guest. */
  readonly files: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  readonly cpus?: number;
  readonly memoryMib?: number;
  /** Address of the guest with its prefix length; QEMU's network flags come in `extra`. */
  readonly address?: string;
  readonly managementPort?: number;
  readonly extra?: readonly string[];
  readonly prefix?: readonly string[];
  readonly countInstructions?: boolean;
  /** Linux alone: process 1 is the program itself, for the leanest boot. */
  readonly programIsInit?: boolean;
  readonly cpuModel?: string;
}

export interface Machine {
  readonly system: System;
  readonly pid: number | undefined;
  /** What came over the serial line so far. */
  output(): string;
  /** Resolves with milliseconds since QEMU's start when the text has come; rejects at the time-out or the machine's end. */
  waitFor(text: string | RegExp, timeoutMs: number): Promise<number>;
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

interface Prepared {
  readonly kernel: string;
  readonly commandLine: string;
  readonly initrd?: string;
  readonly disks?: Readonly<Record<string, string>>;
}

async function prepare(options: MachineOptions): Promise<Prepared> {
  if (options.system === 'linux') {
    const kernel = await linuxKernel();
    const modules = options.address === undefined ? [] : ['virtio_pci', 'virtio_net'];
    const initrd = await makeInitramfs(kernel, options.name, {
      files: options.programIsInit ? { '/init': Object.values(options.files)[0] ?? '' } : options.files,
      ...(options.programIsInit ? {} : { command: options.command, modules }),
      ...(options.address === undefined ? {} : { address: options.address }),
    });
    return { kernel: kernel.image, commandLine: linuxCommandLine, initrd };
  }
  const root = await applicationRoot(options.name, options.files);
  const boot = await makeBootDisk(options.name, {
    program: options.command[0] ?? '',
    arguments: options.command,
    ...(options.address === undefined ? {} : { address: options.address }),
    ...(options.managementPort === undefined ? {} : { managementPort: options.managementPort }),
  });
  return { kernel: kernelPath, commandLine: 'log=info', disks: { root, boot } };
}

/** A starter that has all images ready, so that only QEMU's own time is measured; call it as often as wanted. */
export async function prepareMachine(options: MachineOptions): Promise<(change?: { memoryMib?: number }) => Machine> {
  const prepared = await prepare(options);
  return (change = {}) => start({ ...options, ...change }, prepared);
}

export async function startMachine(options: MachineOptions): Promise<Machine> {
  return (await prepareMachine(options))();
}

function start(options: MachineOptions, prepared: Prepared): Machine {
  const folder = mkdtempSync(join(buildFolder('runs'), 'machine-'));
  const args = qemuArguments(
    {
      ...prepared,
      ports: false,
      cpus: options.cpus ?? 1,
      memoryMib: options.memoryMib ?? 512,
      countInstructions: options.countInstructions ?? false,
      ...(options.cpuModel === undefined ? {} : { cpuModel: options.cpuModel }),
      extra: options.extra ?? [],
    },
    folder,
  ).map((word) => (word === `file:${join(folder, 'serial')}` ? 'stdio' : word));
  const command = [...(options.prefix ?? []), 'qemu-system-x86_64', ...args];
  const started = performance.now();
  const child = spawn(command[0] as string, command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let text = '';
  let over = false;
  const watchers = new Set<() => void>();
  const wake = (): void => {
    for (const watcher of [...watchers]) watcher();
  };
  const listen = (data: Buffer): void => {
    text += data.toString('latin1');
    wake();
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  const forget = atExit(() => killGroup(child.pid));
  const ended = new Promise<void>((resolve) => {
    child.on('error', (error) => {
      text += `\n${error.message}\n`;
    });
    child.on('close', () => {
      over = true;
      forget();
      rmSync(folder, { recursive: true, force: true });
      wake();
      resolve();
    });
  });
  const waitFor = (wanted: string | RegExp, timeoutMs: number): Promise<number> =>
    new Promise((resolve, reject) => {
      const found = (): boolean => (typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text));
      const finish = (error?: string): void => {
        clearTimeout(timer);
        watchers.delete(look);
        if (error === undefined) resolve(performance.now() - started);
        else
          reject(
            new Error(
              `${options.system} ${options.name}: ${error} before ${wanted}; its last words:\n${text.slice(-1500)}`,
            ),
          );
      };
      const look = (): void => {
        if (found()) finish();
        else if (over) finish('the machine ended');
      };
      const timer = setTimeout(() => finish(`${timeoutMs} ms went by`), timeoutMs);
      watchers.add(look);
      look();
    });
  const stop = async (): Promise<void> => {
    killGroup(child.pid);
    await ended;
  };
  return { system: options.system, pid: child.pid, output: () => text, waitFor, ended, stop };
}
