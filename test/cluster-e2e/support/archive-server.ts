import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { runOrThrow } from '../../guest/command.ts';
import { compile } from '../../guest/compile.ts';

/** A program as the archive of an OsvApp, which a server of this process hands out. */
export interface ServedProgram {
  /** For spec.source.archive. */
  readonly source: { readonly url: string; readonly sha256: string };
  /** For spec.command. */
  readonly command: readonly string[];
  stop(): Promise<void>;
}

/** Compiles `programs/NAME.c`, packs it, and serves the archive on loopback, where builds of this machine find it. */
export async function serveProgram(name: string): Promise<ServedProgram> {
  const program = await compile({
    source: join(import.meta.dirname, '..', 'programs', `${name}.c`),
    variant: 'static',
  });
  const archive = `${program}.tar.gz`;
  const [folder, file] = [join(program, '..'), program.split('/').at(-1) ?? ''];
  await runOrThrow('tar', ['-czf', archive, '-C', folder, `--transform=s/.*/${name}/`, file]);
  const bytes = await readFile(archive);
  const server = createServer((_, response) => response.end(bytes));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    source: {
      url: `http://127.0.0.1:${port}/${name}.tar.gz`,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    },
    command: [`/app/${name}`],
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
