import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { prometheusConfiguration } from '@osv/local/prometheus/configuration.ts';
import { afterAll } from 'vitest';
import { diesWithParent } from '../../cluster/processes/with-parent.ts';

const pollMilliseconds = 50;

/** What a Prometheus scrapes: an address with its port, and labels. */
export interface Target {
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface Sample {
  readonly metric: Record<string, string>;
  /** Time in seconds, and value. */
  readonly values: [number, string][];
}

/** A Prometheus of a test file's own, on a port of its own. */
export class Prometheus {
  readonly folder = mkdtempSync(join(tmpdir(), 'osv-prometheus-'));
  readonly #log = join(this.folder, 'log');
  #url = '';
  #process: ChildProcess | undefined;

  private constructor() {}

  /** Registers the clean-up with the test file that makes it; outside of hooks, where vitest would not hear of it. */
  static create(): Prometheus {
    const prometheus = new Prometheus();
    afterAll(() => prometheus.#dispose());
    return prometheus;
  }

  /** Resolves when it is ready. */
  async start(targets: readonly Target[]): Promise<void> {
    const port = await freePort();
    this.#url = `http://127.0.0.1:${port}`;
    const targetsPath = join(this.folder, 'targets.json');
    const groups = targets.map(({ address, labels }) => ({ targets: [address], labels }));
    writeFileSync(targetsPath, JSON.stringify(groups));
    const configuration = join(this.folder, 'prometheus.yml');
    writeFileSync(configuration, prometheusConfiguration(targetsPath));
    mkdirSync(join(this.folder, 'data'));
    const log = openSync(this.#log, 'w');
    // It ends with this process too, should that be killed before the clean-up.
    const command = diesWithParent(
      'prometheus',
      [
        `--config.file=${configuration}`,
        `--storage.tsdb.path=${join(this.folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      'KILL',
    );
    const child = spawn(...command, { cwd: this.folder, stdio: ['ignore', log, log] });
    closeSync(log);
    this.#process = child;
    for (; ; await delay(pollMilliseconds)) {
      const ready = await fetch(`${this.#url}/-/ready`).catch(() => undefined);
      await ready?.body?.cancel();
      if (ready?.ok) return;
      if (child.exitCode !== null) throw new Error(`Prometheus did not start: ${readFileSync(this.#log, 'utf8')}`);
    }
  }

  /** The series of an instant query at a time, or now. */
  async query(expr: string, time?: number): Promise<Sample[]> {
    const answer = await this.#get('query', { query: expr, ...(time === undefined ? {} : { time: `${time}` }) });
    const { result } = answer as { result: { metric: Record<string, string>; value: [number, string] }[] };
    return result.map(({ metric, value }) => ({ metric, values: [value] }));
  }

  /** The series of a range query; times and step in seconds. */
  async queryRange(expr: string, start: number, end: number, step: number): Promise<Sample[]> {
    const answer = await this.#get('query_range', { query: expr, start: `${start}`, end: `${end}`, step: `${step}` });
    return (answer as { result: Sample[] }).result;
  }

  /** Values of a label among the series that a selector finds: Grafana's `label_values(selector, label)`. */
  async labelValues(selector: string, label: string): Promise<string[]> {
    return (await this.#get(`label/${label}/values`, { 'match[]': selector })) as string[];
  }

  async #get(path: string, parameters: Record<string, string>): Promise<unknown> {
    const response = await fetch(`${this.#url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    const body = (await response.json()) as { status: string; error?: string; data: unknown };
    if (body.status !== 'success') throw new Error(`${body.error}: ${JSON.stringify(parameters)}`);
    return body.data;
  }

  async #dispose(): Promise<void> {
    const child = this.#process;
    if (child && child.exitCode === null && child.signalCode === null && child.kill()) await once(child, 'exit');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}
