/**
 * Boots one guest in QEMU and waits for its end: the few flags that the tests need, nothing of local/.
 * The tests drive QEMU themselves so that a mistake in local/ cannot hide one in the kernel.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atExit, killGroup } from './command.ts';

export interface GuestOptions {
  readonly kernel: string;
  readonly commandLine: string;
  readonly initrd?: string;
  /** Raw disk images, by the serial that the guest sees. */
  readonly disks?: Readonly<Record<string, string>>;
  readonly cpus?: number;
  readonly memoryMib?: number;
  /** `-icount shift=0,sleep=off`: one instruction is one nanosecond of guest time. */
  readonly countInstructions?: boolean;
  readonly cpuModel?: string;
  /** Bytes for standard input; the port is there only when this is given. */
  readonly input?: string;
  /** False: no ports at all, so that program output goes to the serial line. */
  readonly ports?: boolean;
  /** QEMU's character device of the serial line; default a file, which `serial` is read from. */
  readonly serialDevice?: string;
  readonly extra?: readonly string[];
  readonly timeoutMs?: number;
  /** At the time-out, first asks the kernel where it stands, by a non-maskable interrupt: its backtrace is in `serial`. */
  readonly backtraceAtTimeout?: boolean;
  /** Wraps the command, for a network namespace: `['ip', 'netns', 'exec', NAME]`. */
  readonly prefix?: readonly string[];
}

export type GuestEnd =
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: number }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'unknown' };

export interface GuestResult {
  readonly end: GuestEnd;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly serial: string;
  /** Kernel entry to the program's first instruction, as the guest reports it. */
  readonly bootMicroseconds: number | undefined;
  readonly wallMs: number;
  /** What QEMU itself printed. */
  readonly qemuMessages: string;
}

export interface RunningGuest {
  readonly process: ChildProcess;
  readonly folder: string;
  /** The serial log so far. */
  serial(): string;
  stop(): void;
  readonly ended: Promise<GuestResult>;
}

const decode = (path: string): string => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
};

const bytes = (path: string): Buffer => {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
};

/** QEMU's arguments for these options; files of this run are in `folder`. */
export function qemuArguments(options: GuestOptions, folder: string): string[] {
  const accelerator = options.countInstructions ? 'tcg' : 'tcg,thread=multi';
  const args = ['-machine', 'q35', '-accel', accelerator, '-cpu', options.cpuModel ?? 'max'];
  const cpus = options.cpus ?? 1;
  // Room for a CPU more keeps QEMU before 8.0 from leaving memory barriers out (local/machine/command-line.ts).
  const processors = cpus > 1 || options.countInstructions ? `${cpus}` : '1,maxcpus=2';
  args.push('-smp', processors, '-m', `${options.memoryMib ?? 256}M`);
  args.push('-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot');
  if (options.countInstructions) args.push('-icount', 'shift=0,sleep=off');
  args.push('-kernel', options.kernel, '-append', options.commandLine);
  if (options.initrd !== undefined) args.push('-initrd', options.initrd);
  args.push('-serial', options.serialDevice ?? `file:${join(folder, 'serial')}`);
  for (const [serial, path] of Object.entries(options.disks ?? {})) {
    args.push('-drive', `if=none,id=disk-${serial},file=${path},format=raw,readonly=on`);
    args.push('-device', `virtio-blk-pci,drive=disk-${serial},serial=${serial}`);
  }
  args.push('-device', 'virtio-rng-pci');
  if (options.backtraceAtTimeout) args.push('-monitor', `unix:${join(folder, 'monitor')},server=on,wait=off`);
  if (options.ports !== false) {
    args.push('-device', 'virtio-serial-pci,max_ports=8');
    const ports = ['stdout', 'stderr', 'control'];
    for (const [index, name] of ports.entries()) {
      args.push('-chardev', `file,id=${name},path=${join(folder, name)}`);
      args.push('-device', `virtserialport,nr=${index + 1},name=dev.osv.${name},chardev=${name}`);
    }
    if (options.input !== undefined) {
      args.push('-chardev', `socket,id=stdin,path=${join(folder, 'stdin')}`);
      args.push('-device', 'virtserialport,nr=4,name=dev.osv.stdin,chardev=stdin');
    }
  }
  return [...args, ...(options.extra ?? [])];
}

interface ControlEvent {
  readonly event?: string;
  readonly code?: number;
  readonly signal?: number;
  readonly message?: string;
  readonly bootMicroseconds?: number;
}

function parseControl(text: string): ControlEvent[] {
  const events: ControlEvent[] = [];
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    try {
      events.push(JSON.parse(line) as ControlEvent);
    } catch {
      events.push({ event: 'garbage', message: line });
    }
  }
  return events;
}

/** How the program ended, by the control port, else by the kernel's last words on the serial line. */
export function endOf(control: readonly ControlEvent[], serial: string): GuestEnd {
  const panic = /osv: panic: (.*)/.exec(serial);
  if (panic) return { kind: 'failed', message: `panic: ${panic[1]?.trim()}` };
  for (const event of control) {
    if (event.event === 'exit' && event.code !== undefined) return { kind: 'exit', code: event.code };
    if (event.event === 'exit' && event.signal !== undefined) return { kind: 'signal', signal: event.signal };
    if (event.event === 'failed' || event.event === 'panic' || event.event === 'garbage') {
      return { kind: 'failed', message: `${event.event}: ${event.message ?? ''}` };
    }
  }
  const exited = /osv: program exited with code (\d+)/.exec(serial);
  if (exited) return { kind: 'exit', code: Number(exited[1]) };
  const killed = /osv: program killed by signal (\d+)/.exec(serial);
  if (killed) return { kind: 'signal', signal: Number(killed[1]) };
  const failed = /osv: cannot start: (.*)/.exec(serial);
  if (failed) return { kind: 'failed', message: failed[1]?.trim() ?? '' };
  return { kind: 'unknown' };
}

/** Gives the bytes to whoever connects, then half-closes: QEMU drops what it has not read yet at a full close. */
function serveInput(path: string, text: string): Server {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    socket.resume();
    socket.end(text);
  });
  server.listen(path);
  return server;
}

/** Gives a panicking kernel this long to say where it was. */
const backtraceMs = 5000;

/** Sends the non-maskable interrupt through QEMU's monitor; done at once, or never if QEMU itself hangs. */
function requestBacktrace(monitor: string): void {
  const connection = createConnection(monitor, () => connection.end('nmi\n'));
  connection.on('error', () => {});
  connection.resume();
}

/** Starts a guest; `ended` resolves when QEMU is gone, by itself, by `stop` or by the time-out. */
export function startGuest(options: GuestOptions): RunningGuest {
  // A socket's path holds 107 bytes, which a deep checkout would pass.
  const folder = mkdtempSync(join(tmpdir(), 'osv-guest-'));
  const input = options.input === undefined ? undefined : serveInput(join(folder, 'stdin'), options.input);
  const command = [...(options.prefix ?? []), 'qemu-system-x86_64', ...qemuArguments(options, folder)];
  const started = performance.now();
  const child = spawn(command[0] as string, command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const said: Buffer[] = [];
  child.stdout.on('data', (data: Buffer) => said.push(data));
  child.stderr.on('data', (data: Buffer) => said.push(data));
  let timedOut = false;
  let timer = setTimeout(() => {
    timedOut = true;
    if (!options.backtraceAtTimeout) return killGroup(child.pid);
    requestBacktrace(join(folder, 'monitor'));
    timer = setTimeout(() => killGroup(child.pid), backtraceMs);
  }, options.timeoutMs ?? 60_000);
  const forget = atExit(() => killGroup(child.pid));
  const serial = (): string => decode(join(folder, 'serial'));
  const ended = new Promise<GuestResult>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => {
      clearTimeout(timer);
      forget();
      input?.close();
      const control = parseControl(decode(join(folder, 'control')));
      const result: GuestResult = {
        end: timedOut ? { kind: 'timeout' } : endOf(control, serial()),
        stdout: bytes(join(folder, 'stdout')),
        stderr: bytes(join(folder, 'stderr')),
        serial: serial(),
        bootMicroseconds: control.find((event) => event.event === 'ready')?.bootMicroseconds,
        wallMs: performance.now() - started,
        qemuMessages: Buffer.concat(said).toString(),
      };
      rmSync(folder, { recursive: true, force: true });
      resolve(result);
    });
  });
  return { process: child, folder, serial, stop: () => killGroup(child.pid), ended };
}

/** Boots a guest and waits for its end. */
export function runGuest(options: GuestOptions): Promise<GuestResult> {
  return startGuest(options).ended;
}

/** Quotes one word for the kernel command line behind ` -- `. */
export function quoteWord(word: string): string {
  return /^[A-Za-z0-9_./=:,@%+-]+$/.test(word) ? word : `"${word.replace(/(["\\])/g, '\\$1')}"`;
}

/** The kernel's own log lines removed: what a program printed on a serial line without ports. */
export function withoutKernelLog(serial: string): string {
  return serial
    .split('\n')
    .filter((line) => !/^\r?\[ *\d+\.\d+\] /.test(line) && !/^\r?osv: /.test(line))
    .join('\n')
    .replaceAll('\r\n', '\n');
}
