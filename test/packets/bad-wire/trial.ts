/** One seed's trial: a guest that serves streams behind the bad wire, a transfer each way, many short connections. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../guest/command.ts';
import { compile } from '../../guest/compile.ts';
import { type System, startMachine } from '../../guest/machine.ts';
import { makeNamespace } from '../../guest/network-namespace.ts';
import { testFolder } from '../../guest/paths.ts';
import { startWire, type WireOptions } from '../wire.ts';

export interface TrialOptions {
  readonly system: System;
  readonly wire: WireOptions;
  readonly bytes: number;
  readonly connections: number;
  readonly parallel: number;
  readonly cpus: number;
  readonly timeoutMs: number;
  /** The host's congestion control, such as `cubic`; its default if empty. */
  readonly hostCongestion: readonly string[];
}

export interface TrialResult {
  readonly id: string;
  readonly passed: boolean;
  readonly reasons: readonly string[];
  readonly details: Readonly<Record<string, unknown>>;
}

const port = 7000;

export async function runTrial(options: TrialOptions): Promise<TrialResult> {
  const id = `seed ${options.wire.seed}`;
  const reasons: string[] = [];
  const details: Record<string, unknown> = {};
  const server = await compile({
    source: join(testFolder, 'packets', 'programs', 'stream.c'),
    variant: 'static',
    flags: ['-O2'],
  });
  const client = await compile({
    source: join(testFolder, 'packets', 'programs', 'stream.c'),
    variant: 'dynamic',
    flags: ['-O2'],
  });
  // Socket paths are short: sun_path holds 107 bytes.
  const folder = mkdtempSync(join(tmpdir(), 'osv-wire-'));
  const network = await makeNamespace({ tapless: true });
  const wire = await startWire(network, folder, options.wire);
  const machine = await startMachine({
    system: options.system,
    name: `stream-${options.wire.seed}`,
    files: { '/stream': server },
    command: ['/stream', 'serve', String(port)],
    address: `${network.guestAddress}/24`,
    extra: wire.qemu,
    prefix: network.prefix,
    cpus: options.cpus,
    memoryMib: 256,
  });
  const call = async (label: string, words: readonly string[]): Promise<void> => {
    const command = [...network.prefix, client, ...words];
    const result = await run(command[0] as string, command.slice(1), { timeoutMs: options.timeoutMs });
    const text = result.stdout.toString().trim();
    details[label] = text.startsWith('{') ? JSON.parse(text) : text;
    if (result.timedOut) reasons.push(`${label}: no end in ${options.timeoutMs / 1000} s`);
    else if (result.code !== 0) reasons.push(`${label}: ${text}${result.stderr}`);
  };
  try {
    await machine.waitFor('stream: serving', 60_000);
    const target = [network.guestAddress, String(port)];
    await Promise.all([
      call('send', ['send', ...target, String(options.bytes), ...options.hostCongestion]),
      call('receive', ['receive', ...target, String(options.bytes)]),
    ]);
    await call('short', ['short', ...target, String(options.connections), String(options.parallel)]);
  } catch (error) {
    reasons.push(error instanceof Error ? error.message : String(error));
  } finally {
    if (reasons.length > 0) reasons.push(`end of the console:\n${machine.output().slice(-1500)}`);
    await machine.stop();
    details.wire = await wire.stop();
    await network.remove();
    rmSync(folder, { recursive: true, force: true });
  }
  return { id, passed: reasons.length === 0, reasons, details };
}
