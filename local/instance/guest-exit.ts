import { constants } from 'node:os';
import type { GuestEvent } from '@osv/contracts';
import { exitCodes } from '../errors.ts';
import type { InstanceExit } from './record.ts';

/** Added to a signal's number for the exit code of a program that it ended (POSIX shells). */
const signalBase = 128;

/** What is known when QEMU has ended. */
export interface EndOfMachine {
  /** The last event on the control channel that ends a program. */
  event: Exclude<GuestEvent, { event: 'ready' }> | undefined;
  /** Whether the program had started. */
  ready: boolean;
  /** How far a stop that somebody asked for went. */
  stop: 'none' | 'asked' | 'forced';
  qemu: { code: number | null; signal: NodeJS.Signals | null };
  /** What QEMU wrote to its standard error. */
  qemuMessage: string;
  kernelLog: string;
}

/** Decides how the instance ended, from everything that was seen; pure. */
export function guestExit(end: EndOfMachine): InstanceExit {
  const event = end.event ?? eventFromKernelLog(end.kernelLog);
  if (event?.event === 'panic') {
    return { code: exitCodes.toolFailed, reason: 'panic', message: `The kernel panicked: ${event.message}` };
  }
  if (event?.event === 'failed') {
    return { code: event.status ?? exitCodes.toolFailed, reason: 'boot-failed', message: sentence(event.message) };
  }
  if (event && 'code' in event) {
    if (end.stop !== 'none') return { code: event.code, reason: 'stopped' };
    const hint = event.code === 0 ? undefined : missedProcess(end.kernelLog);
    return { code: event.code, reason: 'program', ...(hint ? { message: hint } : {}) };
  }
  if (event && 'signal' in event) {
    const code = signalBase + event.signal;
    if (end.stop !== 'none') return { code, reason: 'stopped' };
    const starved = event.signal === constants.signals.SIGKILL && /\bout of memory\b/.test(end.kernelLog);
    const message = starved
      ? 'The program needs more memory than the guest has; give it more with --memory.'
      : `The program was ended by ${signalName(event.signal)}.`;
    return { code, reason: 'signal', message };
  }
  if (end.stop !== 'none') return { code: signalBase + constants.signals.SIGKILL, reason: 'stopped' };
  return { code: exitCodes.toolFailed, reason: 'machine-failed', message: machineFailure(end) };
}

/**
 * Programs seldom say well that they could not start another process, and it is the first thing that people meet;
 * undefined when the program did not try.
 */
export function missedProcess(kernelLog: string): string | undefined {
  if (!/the program asked for a further process/.test(kernelLog)) return undefined;
  return 'The program tried to start another process (fork), which a unikernel does not have; many servers have a setting for one process, such as "daemon off; master_process off;" of nginx.';
}

function machineFailure({ qemu, qemuMessage, ready, kernelLog }: EndOfMachine): string {
  const complaint = lastLine(qemuMessage.replaceAll(/^qemu-system-x86_64: /gm, ''));
  if (qemu.signal) return `QEMU was ended by ${qemu.signal}.`;
  if (qemu.code !== 0 && complaint) return `QEMU could not run the machine: ${complaint}`;
  const after = lastLine(kernelLog);
  const seen = after ? `; its last message was: ${after}` : ' and left no message; it may need more memory (--memory).';
  return ready ? `The machine stopped without saying how the program ended${seen}` : `The kernel did not start${seen}`;
}

/** The lines by which the kernel says on its serial line what the control channel could not carry. */
export function eventFromKernelLog(log: string): EndOfMachine['event'] {
  const patterns: [RegExp, (match: RegExpExecArray) => NonNullable<EndOfMachine['event']>][] = [
    [/osv: panic: (.*)/, (match) => ({ event: 'panic', message: match[1] ?? '' })],
    [/osv: cannot start: (.*)/, (match) => ({ event: 'failed', message: match[1] ?? '' })],
    [/osv: program exited with code (\d+)/, (match) => ({ event: 'exit', code: Number(match[1]) })],
    [/osv: program killed by signal (\d+)/, (match) => ({ event: 'exit', signal: Number(match[1]) })],
  ];
  for (const [pattern, read] of patterns) {
    const match = pattern.exec(log);
    if (match) return read(match);
  }
  return undefined;
}

export function signalName(signal: number): string {
  return Object.entries(constants.signals).find(([, number]) => number === signal)?.[0] ?? `signal ${signal}`;
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1)?.trim() ?? '';
}

/** Not capitalised: it may begin with the name of a program. */
function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
