/**
 * The Linux rival: Debian's cloud kernel, unpacked below build/ (never installed), with an initramfs that holds one
 * program and its libraries, and the modules of virtio where they are asked for.
 */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { run, runOrThrow } from './command.ts';
import { compile } from './compile.ts';
import { buildFolder, testFolder } from './paths.ts';
import { librariesOf } from './root-image.ts';

export interface LinuxKernel {
  readonly version: string;
  readonly image: string;
  readonly modules: string;
}

const metaPackage = 'linux-image-cloud-amd64';

/** Downloads and unpacks the kernel package once. */
export async function linuxKernel(): Promise<LinuxKernel> {
  const folder = buildFolder('linux-kernel');
  if (!existsSync(join(folder, 'boot'))) await downloadKernel(folder);
  const image = readdirSync(join(folder, 'boot')).find((name) => name.startsWith('vmlinuz-'));
  if (image === undefined) throw new Error('the kernel package holds no vmlinuz');
  const version = image.replace('vmlinuz-', '');
  return { version, image: join(folder, 'boot', image), modules: join(folder, 'lib', 'modules', version) };
}

async function downloadKernel(folder: string): Promise<void> {
  const depends = (await run('apt-cache', ['depends', metaPackage])).stdout.toString();
  const name = /Depends: (linux-image-\S+)/.exec(depends)?.[1];
  if (name === undefined) throw new Error(`apt knows no ${metaPackage}: apt-get update, or use Debian`);
  const scratch = mkdtempSync(join(folder, 'download-'));
  await runOrThrow('apt-get', ['download', name], { cwd: scratch });
  const archive = readdirSync(scratch).find((file) => file.endsWith('.deb'));
  if (archive === undefined) throw new Error(`apt-get download ${name} left no package`);
  await runOrThrow('dpkg-deb', ['-x', join(scratch, archive), join(scratch, 'unpacked')]);
  cpSync(join(scratch, 'unpacked', 'lib'), join(folder, 'lib'), { recursive: true });
  // The package leaves the list of dependencies to its installation.
  const version = readdirSync(join(folder, 'lib', 'modules'))[0];
  if (version === undefined) throw new Error(`${name} holds no modules`);
  await runOrThrow('/usr/sbin/depmod', ['-b', folder, version]);
  renameSync(join(scratch, 'unpacked', 'boot'), join(folder, 'boot'));
  rmSync(scratch, { recursive: true });
}

/** The module and what it depends on, in the order of loading, as paths below the modules folder. */
export function moduleOrder(kernel: LinuxKernel, names: readonly string[]): string[] {
  const lines = readModulesDep(kernel);
  const order: string[] = [];
  const add = (path: string): void => {
    for (const dependency of lines.get(path) ?? []) add(dependency);
    if (!order.includes(path)) order.push(path);
  };
  for (const name of names) {
    const path = [...lines.keys()].find((key) => basename(key) === `${name}.ko`);
    if (path === undefined) throw new Error(`the kernel has no module ${name}`);
    add(path);
  }
  return order;
}

function readModulesDep(kernel: LinuxKernel): Map<string, string[]> {
  const lines = new Map<string, string[]>();
  const file = join(kernel.modules, 'modules.dep');
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [path, rest = ''] = line.split(':');
    if (path) lines.set(path, rest.split(' ').filter(Boolean));
  }
  return lines;
}

export interface InitramfsOptions {
  /** Files of the host, by their path in the guest; their libraries come along. */
  readonly files: Readonly<Record<string, string>>;
  /** Words of the command that the guest runs. Without it `files['/init']` is process 1 itself. */
  readonly command?: readonly string[];
  readonly modules?: readonly string[];
  readonly address?: string;
}

/** Makes an initramfs (cpio, newc, gzip as the Debian kernel reads it) in a file of its own. */
export async function makeInitramfs(kernel: LinuxKernel, name: string, options: InitramfsOptions): Promise<string> {
  const folder = buildFolder('initramfs');
  const root = mkdtempSync(join(folder, `${name}-`));
  const put = (source: string, target: string): void => {
    mkdirSync(join(root, dirname(target)), { recursive: true });
    cpSync(realpathSync(source), join(root, target), { dereference: true });
    chmodSync(join(root, target), 0o755);
  };
  for (const directory of ['dev', 'proc', 'sys', 'tmp', 'etc', 'run'])
    mkdirSync(join(root, directory), { recursive: true });
  writeFileSync(join(root, 'etc', 'passwd'), 'root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n');
  writeFileSync(join(root, 'etc', 'group'), 'root:x:0:\nnogroup:x:65534:\n');
  for (const [target, source] of Object.entries(options.files)) {
    put(source, target);
    for (const library of await librariesOf(source)) put(library, library);
  }
  const orders: string[] = [];
  if (options.command !== undefined) {
    put(
      await compile({ source: join(testFolder, 'benchmarks', 'programs', 'linux-init.c'), variant: 'static' }),
      '/init',
    );
    for (const module of moduleOrder(kernel, options.modules ?? [])) {
      const target = `/modules/${basename(module)}`;
      put(join(kernel.modules, module), target);
      orders.push(`module ${target}`);
    }
    if (options.address !== undefined) orders.push(`address ${options.address}`);
    orders.push(`run ${options.command.map((word) => (word === '' ? '""' : word)).join(' ')}`);
  }
  writeFileSync(join(root, 'guest.conf'), `${orders.join('\n')}\n`);
  const image = join(folder, `${name}.cpio.gz`);
  await runOrThrow(
    'sh',
    ['-c', 'find . -print0 | LC_ALL=C sort -z | cpio --quiet --null -o -H newc | gzip -1 > "$1"', 'sh', image],
    { cwd: root },
  );
  rmSync(root, { recursive: true });
  return image;
}

/** The kernel's command line, as measuring asks: no mitigations, quiet, the console on the serial line. */
export const linuxCommandLine = 'console=ttyS0 mitigations=off quiet panic=-1 loglevel=0';

/** `guest: exit code N` of the tiny init; undefined while the program runs. */
export function linuxExit(serial: string): { readonly code?: number; readonly signal?: number } | undefined {
  const exited = /guest: exit code (\d+)/.exec(serial);
  if (exited) return { code: Number(exited[1]) };
  const killed = /guest: killed by signal (\d+)/.exec(serial);
  return killed ? { signal: Number(killed[1]) } : undefined;
}
