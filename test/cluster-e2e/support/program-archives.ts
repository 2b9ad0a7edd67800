import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { run } from '../../guest/command.ts';
import { compile } from '../../guest/compile.ts';

/**
 * An HTTP server with an archive of one program of `programs/`: the quickest thing to build an image from. Every path
 * gives the same archive, so that each test can have an image of its own.
 */
export class ProgramArchives {
  /** http://127.0.0.1:PORT */
  readonly url: string;
  /** Path of the program in images of the archive. */
  readonly program: string;
  /** Of the archive, in hexadecimal digits. */
  readonly sha256: string;
  /** By path. */
  readonly downloads = new Map<string, number>();
  /** Decides what a path is answered with; undefined: the archive. */
  behaviour: (path: string, answer: ServerResponse) => 'handled' | undefined = () => undefined;
  readonly #server: ReturnType<typeof createServer>;

  private constructor(server: ReturnType<typeof createServer>, archive: Buffer, program: string) {
    this.#server = server;
    this.program = program;
    this.sha256 = createHash('sha256').update(archive).digest('hex');
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', ({ url = '' }, answer) => {
      this.downloads.set(url, (this.downloads.get(url) ?? 0) + 1);
      if (this.behaviour(url, answer) === 'handled') return;
      answer.writeHead(200, { 'content-type': 'application/gzip' }).end(archive);
    });
  }

  /** @param name of the program; `guest` listens on port 7000 and sends back what it is sent */
  static async start(name: 'guest' | 'configuration' = 'guest'): Promise<ProgramArchives> {
    const source = join(import.meta.dirname, `../programs/${name}.c`);
    const program = await compile({ source, variant: 'static' });
    const folder = await mkdtemp(join(tmpdir(), 'osv-archive-'));
    try {
      const path = join(folder, 'app.tar.gz');
      const packed = await run('tar', ['-czf', path, '-C', dirname(program), basename(program)]);
      if (packed.code !== 0) throw new Error(`tar: ${packed.stderr}`);
      const archive = await readFile(path);
      const server = createServer();
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      return new ProgramArchives(server, archive, `/app/${basename(program)}`);
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  /**
   * Leaves who asks for the archive of an app without an answer. Resolves when somebody asks.
   *
   * @param times how many downloads get none
   */
  leaveWaiting(app: string, times = Number.POSITIVE_INFINITY): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.behaviour = (path) => {
      if (!path.endsWith(`/${app}.tar.gz`) || (this.downloads.get(path) ?? 0) > times) return undefined;
      resolve();
      return 'handled';
    };
    return promise;
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}
