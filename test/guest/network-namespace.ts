/** A network namespace of the test's own, with one TAP device; nothing outside of it is touched. Needs root. */
import { atExit, run, runOrThrow } from './command.ts';

export interface NetworkNamespace {
  readonly name: string;
  readonly tap: string;
  /** Host's address in the namespace. */
  readonly hostAddress: string;
  readonly guestAddress: string;
  /** Words that run a command inside. */
  readonly prefix: readonly string[];
  /** QEMU's network flags for the TAP. */
  readonly qemu: readonly string[];
  remove(): Promise<void>;
}

let count = 0;

/** Makes the namespace; `tapless` leaves the TAP to somebody else, such as the wire. */
export async function makeNamespace(
  options: { readonly tapless?: boolean; readonly queues?: number } = {},
): Promise<NetworkNamespace> {
  const name = `osv-test-${process.pid}-${count++}`;
  const tap = 'tap0';
  const hostAddress = '10.99.0.1';
  const guestAddress = '10.99.0.2';
  await runOrThrow('ip', ['netns', 'add', name]);
  const prefix = ['ip', 'netns', 'exec', name];
  const inside = (...words: string[]): Promise<string> => runOrThrow('ip', ['-n', name, ...words]);
  // The loop of a dying process runs no more promises; that the command is started is enough.
  const forget = atExit(() => void run('ip', ['netns', 'delete', name]));
  const remove = async (): Promise<void> => {
    forget();
    await run('ip', ['netns', 'delete', name]);
  };
  await inside('link', 'set', 'lo', 'up');
  if (!options.tapless) {
    const queues = (options.queues ?? 1) > 1 ? ['multi_queue'] : [];
    await inside('tuntap', 'add', tap, 'mode', 'tap', ...queues);
    await inside('address', 'add', `${hostAddress}/24`, 'dev', tap);
    await inside('link', 'set', tap, 'up');
  }
  const backend = `tap,id=net0,ifname=${tap},script=no,downscript=no`;
  return {
    name,
    tap,
    hostAddress,
    guestAddress,
    prefix,
    qemu: ['-netdev', backend, '-device', 'virtio-net-pci,netdev=net0'],
    remove,
  };
}
