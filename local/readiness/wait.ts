import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type LocalOsvApp, managementPort } from '@osv/contracts';
import { LocalError } from '../errors.ts';
import { missedProcess } from '../instance/guest-exit.ts';
import type { InstanceRecord } from '../instance/record.ts';
import type { InstanceStore } from '../instance/store.ts';
import { type Probe, roundTripMilliseconds, runProbe } from './probe.ts';

const pollMilliseconds = 20;
const settleMillisecondsMin = 100;
/** A refusal takes one round trip; this many leave room for a busy host. */
const settleRoundTrips = 8;
const logTailLines = 5;

/** What must answer before an instance counts as ready: the app's readiness probe, else each of its TCP ports. */
export function readinessProbes(app: LocalOsvApp, host: string): Probe[] {
  const { readinessProbe, ports } = app.spec;
  if (readinessProbe?.httpGet) {
    const { port, path } = readinessProbe.httpGet;
    const timeoutMilliseconds = (readinessProbe.timeoutSeconds ?? 1) * 1000;
    return [{ kind: 'http', host, port, path: path ?? '/', timeoutMilliseconds }];
  }
  if (readinessProbe?.tcpSocket) return [{ kind: 'tcp', host, port: readinessProbe.tcpSocket.port }];
  return (ports ?? [])
    .filter(({ protocol }) => protocol !== 'UDP')
    .map(({ port }): Probe => ({ kind: 'tcp', host, port }));
}

/**
 * Waits until the program runs and all probes succeed.
 *
 * @throws LocalError not-ready when time runs out, boot-failed when the instance ends first; both with its last words
 */
export async function waitUntilReady(
  store: InstanceStore,
  name: string,
  probes: Probe[],
  options: { deadline: number; signal?: AbortSignal },
): Promise<InstanceRecord> {
  let pending = 'its program has not started';
  const waiting = [...probes];
  for (;;) {
    options.signal?.throwIfAborted();
    const record = await store.read(name);
    if (!record || record.state === 'exited') throw await endedEarly(store, name, record);
    if (record.readyAt) {
      const next = waiting[0];
      if (!next) return record;
      const outcome = await runProbe(next, await settleTime(record));
      if (outcome.ready) waiting.shift();
      else pending = `port ${next.port} ${outcome.failure}`;
    }
    if (performance.now() > options.deadline) {
      const kernelLog = await readFile(store.paths(name).kernelLog, 'utf8').catch(() => '');
      const hint = missedProcess(kernelLog);
      const sentence = `${name} is not ready in time: ${pending}; see osv logs ${name}.`;
      throw new LocalError('not-ready', hint ? `${sentence} ${hint}` : sentence);
    }
    await delay(pollMilliseconds);
  }
}

async function settleTime(record: InstanceRecord): Promise<number> {
  const roundTrip = record.address ? await roundTripMilliseconds(record.address, managementPort) : undefined;
  return Math.max(settleMillisecondsMin, settleRoundTrips * (roundTrip ?? 0));
}

async function endedEarly(store: InstanceStore, name: string, record: InstanceRecord | undefined): Promise<LocalError> {
  const exit = record?.exit;
  const code = exit?.reason === 'program' ? `It ended with exit code ${exit.code}.` : undefined;
  const how = exit ? [code, exit.message].filter(Boolean).join(' ') : 'It is gone.';
  const log = await readFile(store.paths(name).consoleLog, 'utf8').catch(() => '');
  const tail = log.trimEnd().split('\n').slice(-logTailLines).join('\n  ');
  const said = tail ? `\nIts last output:\n  ${tail}` : '';
  return new LocalError('boot-failed', `${name} ended before it was ready. ${how}${said}`);
}
