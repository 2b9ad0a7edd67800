import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { BuildResult } from '@osv/contracts';
import { keyOf, type OsvApp } from '../kubernetes/index.ts';
import type { Logger } from '../logger.ts';
import type { OperatorMetrics } from '../metrics.ts';
import { BuildAttempts } from './build-attempts.ts';
import { builtImage } from './built-image.ts';
import type { ImageBuilder } from './image-builder.ts';
import type { ImageRecords } from './image-records.ts';
import type { ImageState } from './image-state.ts';

const builderProgram = fileURLToPath(import.meta.resolve('@osv/image-builder/main.ts'));

export interface ProcessImageBuilderOptions {
  readonly identity: string;
  readonly records: ImageRecords;
  readonly logger: Logger;
  readonly now: () => Date;
  readonly metrics: OperatorMetrics;
  /** Flags of the builder program that are the same for every build. */
  readonly flags: readonly string[];
  /** Builds at the same time; the others wait. */
  readonly concurrency: number;
}

interface Build {
  readonly key: string;
  readonly app: OsvApp;
  /** Keys of the apps that want this image. */
  readonly wanted: Set<string>;
  readonly abort: AbortController;
}

/** Builds in child processes of the operator: the local mode, with the same builder that a Job would run. */
export class ProcessImageBuilder implements ImageBuilder {
  readonly identity: string;
  readonly #options: ProcessImageBuilderOptions;
  readonly #attempts = new BuildAttempts();
  readonly #builds = new Map<string, Build>();
  readonly #waiting: Build[] = [];
  readonly #listeners = new Set<(key: string) => void>();
  readonly #runs = new Set<Promise<void>>();

  constructor(options: ProcessImageBuilderOptions) {
    this.identity = options.identity;
    this.#options = options;
    options.records.subscribe((key) => this.#changed(key));
  }

  synced(): Promise<void> {
    return this.#options.records.synced();
  }

  state(key: string): ImageState {
    const image = this.#options.records.find(key);
    return image ? { state: 'built', image } : this.#attempts.state(key);
  }

  build(key: string, app: OsvApp): void {
    this.#builds.get(key)?.wanted.add(keyOf(app.metadata));
    if (this.#options.records.find(key) || !this.#attempts.begin(key)) return;
    const build = { key, app, wanted: new Set([keyOf(app.metadata)]), abort: new AbortController() };
    this.#builds.set(key, build);
    this.#waiting.push(build);
    this.#startWaiting();
  }

  abandon(key: string, app: OsvApp): void {
    const build = this.#builds.get(key);
    if (!build) return;
    build.wanted.delete(keyOf(app.metadata));
    if (build.wanted.size > 0) return;
    build.abort.abort();
    const place = this.#waiting.indexOf(build);
    if (place < 0) return;
    this.#waiting.splice(place, 1);
    this.#builds.delete(key);
    this.#attempts.succeeded(key);
  }

  async start(signal: AbortSignal): Promise<void> {
    if (!signal.aborted) await once(signal, 'abort');
    this.#waiting.length = 0;
    for (const { abort } of this.#builds.values()) abort.abort();
    await Promise.all(this.#runs);
  }

  subscribe(listener: (key: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #changed(key: string): void {
    for (const listener of this.#listeners) listener(key);
  }

  #startWaiting(): void {
    while (this.#runs.size < this.#options.concurrency) {
      const build = this.#waiting.shift();
      if (!build) return;
      const run = this.#run(build).finally(() => {
        this.#runs.delete(run);
        this.#options.metrics.buildsRunning(this.#runs.size);
        this.#startWaiting();
      });
      this.#runs.add(run);
      this.#options.metrics.buildsRunning(this.#runs.size);
    }
  }

  async #run({ key, app, abort }: Build): Promise<void> {
    const { records, logger, now, metrics, flags } = this.#options;
    const startedAt = now().getTime();
    const ended = (outcome: 'succeeded' | 'failed') =>
      metrics.buildEnded(outcome, (now().getTime() - startedAt) / 1000);
    logger.info({ key, app: keyOf(app.metadata) }, 'Building an image');
    try {
      const result = await runBuilder(flags, app, abort.signal);
      if ('error' in result) {
        this.#attempts.failed(key, { ...result.error, at: now() });
        ended('failed');
      } else {
        await records.write(key, builtImage(result));
        this.#attempts.succeeded(key);
        ended('succeeded');
      }
    } catch (error) {
      if (abort.signal.aborted) {
        logger.info({ key }, 'A build was given up');
        return;
      }
      ended('failed');
      logger.error({ key, err: error }, 'A build broke off');
      const message = error instanceof Error ? error.message : String(error);
      this.#attempts.failed(key, { code: 'builder-failed', message, temporary: true, at: now() });
    } finally {
      this.#builds.delete(key);
      if (abort.signal.aborted) this.#attempts.succeeded(key);
      this.#changed(key);
    }
  }
}

/** @throws Error when the program gives no result at all */
function runBuilder(flags: readonly string[], app: OsvApp, signal: AbortSignal): Promise<BuildResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [builderProgram, '--app', '-', ...flags], {
      // The channel carries nothing: it breaks when this process dies, however it does, and the build ends then.
      stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
      signal,
      killSignal: 'SIGTERM',
    }) as ChildProcessWithoutNullStreams;
    const output: Buffer[] = [];
    let complaints = '';
    child.stdout.on('data', (part: Buffer) => output.push(part));
    child.stderr.on('data', (part: Buffer) => {
      complaints = (complaints + part.toString()).slice(-2000);
    });
    child.on('error', reject);
    child.on('close', (code, ending) => {
      const line = Buffer.concat(output).toString().trim().split('\n').at(-1) ?? '';
      try {
        resolve(JSON.parse(line) as BuildResult);
      } catch {
        reject(
          new Error(`The builder ended with ${ending ?? `exit code ${code}`} and no result: ${complaints.trim()}`),
        );
      }
    });
    child.stdin.on('error', () => {});
    child.stdin.end(JSON.stringify(app));
  });
}
