/** Starts the bad wire in a namespace: TAP on the host's side, a datagram socket of QEMU on the other. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { atExit, runOrThrow } from '../guest/command.ts';
import { compile } from '../guest/compile.ts';
import type { NetworkNamespace } from '../guest/network-namespace.ts';
import { testFolder } from '../guest/paths.ts';

export interface WireOptions {
  readonly seed: number;
  /** Probabilities for each frame and direction. */
  readonly loss?: number;
  readonly reorder?: number;
  readonly duplicate?: number;
  readonly damage?: number;
  /** One way. */
  readonly delayMs?: number;
}

export interface DirectionCounts {
  readonly frames: number;
  readonly lost: number;
  readonly reordered: number;
  readonly duplicated: number;
  readonly damaged: number;
  readonly overflowed: number;
  readonly refused: number;
}

export interface Wire {
  /** QEMU's flags for its end. */
  readonly qemu: readonly string[];
  /** Ends the wire; what it did to the frames. */
  stop(): Promise<{ readonly to_host: DirectionCounts; readonly to_guest: DirectionCounts }>;
}

export async function startWire(network: NetworkNamespace, folder: string, options: WireOptions): Promise<Wire> {
  const program = await compile({
    source: join(testFolder, 'packets', 'programs', 'wire.c'),
    variant: 'dynamic',
    flags: ['-O2'],
  });
  const local = join(folder, 'wire');
  const remote = join(folder, 'qemu');
  const words = [`tap=${network.tap}`, `local=${local}`, `remote=${remote}`, `seed=${options.seed}`];
  if (options.loss !== undefined) words.push(`loss=${options.loss}`);
  if (options.reorder !== undefined) words.push(`reorder=${options.reorder}`);
  if (options.duplicate !== undefined) words.push(`duplicate=${options.duplicate}`);
  if (options.damage !== undefined) words.push(`damage=${options.damage}`);
  if (options.delayMs !== undefined) words.push(`delay-ms=${options.delayMs}`);
  const command = [...network.prefix, program, ...words];
  const child = spawn(command[0] as string, command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  const forget = atExit(() => {
    child.kill('SIGKILL');
  });
  const closed = new Promise<void>((resolve) => {
    child.on('close', () => {
      forget();
      resolve();
    });
  });
  await new Promise<void>((resolve, reject) => {
    const listen = (data: Buffer): void => {
      said += data.toString();
      if (said.includes('ready\n')) resolve();
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.on('error', reject);
    void closed.then(() => reject(new Error(`the wire ended: ${said}`)));
  });
  const inside = (...args: string[]): Promise<string> => runOrThrow('ip', ['-n', network.name, ...args]);
  await inside('address', 'add', `${network.hostAddress}/24`, 'dev', network.tap);
  await inside('link', 'set', network.tap, 'up');
  const backend = `dgram,id=net0,local.type=unix,local.path=${remote},remote.type=unix,remote.path=${local}`;
  const stop = async () => {
    child.kill('SIGTERM');
    await closed;
    return JSON.parse(said.slice(said.indexOf('{'))) as Awaited<ReturnType<Wire['stop']>>;
  };
  return { qemu: ['-netdev', backend, '-device', 'virtio-net-pci,netdev=net0'], stop };
}
