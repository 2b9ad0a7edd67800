/** Boots OS^v with one program as its only job. */
import { kernelPath } from '../guest/paths.ts';
import { type GuestResult, quoteWord, runGuest, withoutKernelLog } from '../guest/qemu.ts';
import type { ConformanceCase } from './cases.ts';
import type { Outcome } from './outcome.ts';

export interface OsvOptions {
  readonly cpus: number;
  readonly memoryMib: number;
  readonly timeoutMs: number;
  /** How the root gets in: a virtio-blk disk, or the initrd module. */
  readonly root: 'disk' | 'initrd';
  /** Where output comes out: virtio-serial ports, or the serial line (where stderr cannot be told from stdout). */
  readonly console: 'ports' | 'serial';
}

export interface OsvOutcome extends Outcome {
  readonly guest: GuestResult;
}

export async function runOnOsv(one: ConformanceCase, options: OsvOptions): Promise<OsvOutcome> {
  const words = [one.path, ...one.program.arguments].map(quoteWord).join(' ');
  const guest = await runGuest({
    kernel: kernelPath,
    commandLine: `-- ${words}`,
    ...(options.root === 'disk' ? { disks: { root: one.image } } : { initrd: one.image }),
    cpus: options.cpus,
    memoryMib: options.memoryMib,
    timeoutMs: options.timeoutMs,
    ports: options.console === 'ports',
    ...(one.program.input === '' ? {} : { input: one.program.input }),
  });
  if (options.console === 'ports') return { end: guest.end, stdout: guest.stdout, stderr: guest.stderr, guest };
  return {
    end: guest.end,
    stdout: Buffer.from(withoutKernelLog(guest.serial), 'latin1'),
    stderr: Buffer.alloc(0),
    guest,
  };
}
