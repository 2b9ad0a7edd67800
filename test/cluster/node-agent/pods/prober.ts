import { runProbe } from '@osv/local';
import type { Pod } from '@osv/operator/kubernetes';
import { type Clock, sleep } from '@osv/operator/reconcile-runtime';
import type { LoopbackOf } from '../network/loopback.ts';

export type Container = NonNullable<Pod['spec']>['containers'][number];
export type ContainerProbe = NonNullable<Container['readinessProbe']>;

/** A connection to a guest is accepted on the host first, so success shows only after a while (see local's probeTcp). */
const settleMillisecondsMax = 500;

export interface Probing {
  probe: ContainerProbe;
  container: Container;
  /** In the cluster. */
  podAddress: string;
  loopbackOf: LoopbackOf;
  clock: Clock;
  signal: AbortSignal;
  /** Called when the verdict changes; the failure is a sentence. */
  onVerdict: (succeeds: boolean, failure: string) => void;
}

/**
 * Runs one probe of a container as a kubelet does, with its thresholds, until the signal is aborted (Kubernetes,
 * "Configure Liveness, Readiness and Startup Probes").
 */
export async function keepProbing(probing: Probing): Promise<void> {
  const { probe, clock, signal } = probing;
  const { initialDelaySeconds = 0, periodSeconds = 10, successThreshold = 1, failureThreshold = 3 } = probe;
  let verdict: boolean | undefined;
  let [streak, streakOf] = [0, true];
  await sleep(clock, initialDelaySeconds * 1000, signal);
  while (!signal.aborted) {
    const failure = await askOnce(probing);
    if (signal.aborted) return;
    const succeeds = failure === undefined;
    streak = succeeds === streakOf ? streak + 1 : 1;
    streakOf = succeeds;
    const settled = streak >= (succeeds ? successThreshold : failureThreshold);
    if (settled && verdict !== succeeds) {
      verdict = succeeds;
      probing.onVerdict(succeeds, failure ?? '');
    }
    await sleep(clock, periodSeconds * 1000, signal);
  }
}

/** @returns undefined for success, else a sentence */
async function askOnce({ probe, container, podAddress, loopbackOf }: Probing): Promise<string | undefined> {
  const timeoutMilliseconds = (probe.timeoutSeconds ?? 1) * 1000;
  const host = loopbackOf(probe.httpGet?.host || probe.tcpSocket?.host || podAddress);
  const port = portOf(probe.httpGet?.port ?? probe.tcpSocket?.port, container);
  if (port === undefined || probe.httpGet?.scheme === 'HTTPS')
    return 'This kind of probe cannot be run by the node agent.';
  const outcome = await runProbe(
    probe.httpGet
      ? { kind: 'http', host, port, path: withSlash(probe.httpGet.path), timeoutMilliseconds }
      : { kind: 'tcp', host, port },
    Math.min(timeoutMilliseconds, settleMillisecondsMax),
  );
  return outcome.ready ? undefined : `Port ${port} ${outcome.failure}.`;
}

function withSlash(path = '/'): string {
  return path.startsWith('/') ? path : `/${path}`;
}

/** A number, or the name of one of the container's ports; the client library's type has no better word than Object. */
function portOf(port: unknown, container: Container): number | undefined {
  const number = Number(port);
  if (Number.isInteger(number) && number > 0) return number;
  return container.ports?.find(({ name }) => name === port)?.containerPort;
}
