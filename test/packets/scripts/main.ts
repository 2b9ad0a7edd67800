/**
 * Scripted packets: each script talks to the guest's TCP/IP frame by frame, through QEMU's datagram socket.
 *
 *   npm run packets                     all scripts
 *   npm run packets -- reset window     scripts whose name holds one of the words
 *   npm run packets -- --system linux   do the scripts ask for what Linux does too?
 *
 * Needs Scapy (Debian's python3-scapy), no root. Exit code 0 if every script passed and the guest is alive in the end.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { compile } from '../../guest/compile.ts';
import { parseFlags } from '../../guest/flags.ts';
import { type System, startMachine } from '../../guest/machine.ts';
import { buildFolder, testFolder } from '../../guest/paths.ts';
import { finishSuite, runSuite } from '../../guest/suite.ts';

const { values: flags, positionals } = parseFlags(import.meta.url, {
  allowPositionals: true,
  options: {
    system: { type: 'string', default: 'osv' },
    cpus: { type: 'string', default: '1' },
    output: { type: 'string', default: join(buildFolder('packets'), 'scripts.json') },
  },
});

interface Message {
  readonly event: 'listening' | 'result' | 'end';
  readonly id?: string;
  readonly problem?: string | null;
  readonly seconds?: number;
  readonly alive?: boolean;
}

async function main(): Promise<number> {
  const server = await compile({
    source: join(testFolder, 'packets', 'programs', 'stream.c'),
    variant: 'static',
    flags: ['-O2'],
  });
  const folder = mkdtempSync(join(tmpdir(), 'osv-packets-'));
  const [local, remote] = [join(folder, 'host'), join(folder, 'qemu')];
  // Debian's interpreter has Debian's Scapy; another one on PATH may not.
  const python = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';
  const runner = spawn(python, ['run.py', local, remote, ...positionals], {
    cwd: join(testFolder, 'packets', 'scripts'),
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const backend = `dgram,id=net0,local.type=unix,local.path=${remote},remote.type=unix,remote.path=${local}`;
  const rows: { id: string; passed: boolean; reasons: string[]; seconds: number }[] = [];
  let alive = false;
  const machine = await startMachine({
    system: flags.system as System,
    name: 'packets',
    files: { '/stream': server },
    command: ['/stream', 'serve', '7000'],
    address: '10.99.0.2/24',
    extra: ['-netdev', backend, '-device', 'virtio-net-pci,netdev=net0'],
    cpus: Number(flags.cpus),
    memoryMib: 256,
  });
  try {
    await machine.waitFor('stream: serving', 60_000);
    runner.stdin.write('\n');
    for await (const line of createInterface({ input: runner.stdout })) {
      const message = JSON.parse(line) as Message;
      if (message.event === 'end') alive = message.alive === true;
      if (message.event !== 'result') continue;
      const problem = message.problem ?? undefined;
      rows.push({
        id: message.id ?? '?',
        passed: problem === undefined,
        reasons: problem === undefined ? [] : [problem],
        seconds: message.seconds ?? 0,
      });
      process.stdout.write(
        `${problem === undefined ? 'ok    ' : 'FAILED'} ${message.id} (${message.seconds} s)${problem === undefined ? '' : `\n    ${problem}`}\n`,
      );
    }
  } finally {
    if (!alive)
      process.stdout.write(`the guest is not alive in the end; its last words:\n${machine.output().slice(-2000)}\n`);
    runner.kill();
    await machine.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  rows.push({ id: 'the guest is alive in the end', passed: alive, reasons: [], seconds: 0 });
  return finishSuite('packets', rows, flags.output);
}

await runSuite('packets', main);
