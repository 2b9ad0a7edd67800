import { connect } from 'node:net';

/** Outcome of one question to a guest; `failure` is a clause that fits after "port 80". */
export type ProbeOutcome = { ready: true } | { ready: false; failure: string };

export type Probe =
  | { kind: 'tcp'; host: string; port: number }
  | { kind: 'http'; host: string; port: number; path: string; timeoutMilliseconds: number };

export function runProbe(probe: Probe, settleMilliseconds: number): Promise<ProbeOutcome> {
  return probe.kind === 'tcp' ? probeTcp(probe, settleMilliseconds) : probeHttp(probe);
}

/**
 * Whether somebody in the guest accepts connections. passt and QEMU's user networking accept on the host first and only
 * then ask the guest, whose refusal shows as a close right after. So a connection counts when it has stayed open for
 * `settleMilliseconds`, which must be well above a round trip to the guest, or when the program has said something.
 */
function probeTcp({ host, port }: { host: string; port: number }, settleMilliseconds: number): Promise<ProbeOutcome> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const done = (outcome: ProbeOutcome) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(outcome);
    };
    const timer = setTimeout(() => done({ ready: !socket.connecting, failure: 'does not answer' }), settleMilliseconds);
    socket.on('data', () => done({ ready: true }));
    socket.on('error', () => done({ ready: false, failure: 'refuses connections' }));
    socket.on('end', () => done({ ready: false, failure: 'refuses connections' }));
  });
}

/** A pod's httpGet probe: any status from 200 to 399 is success. */
async function probeHttp(probe: Extract<Probe, { kind: 'http' }>): Promise<ProbeOutcome> {
  const url = `http://${probe.host}:${probe.port}${probe.path}`;
  try {
    const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(probe.timeoutMilliseconds) });
    await response.body?.cancel();
    if (response.status >= 200 && response.status < 400) return { ready: true };
    return { ready: false, failure: `answers ${probe.path} with status ${response.status}` };
  } catch {
    return { ready: false, failure: `does not answer ${probe.path}` };
  }
}

/** Time of one answer of the management server: a measure of how long the guest takes for anything. */
export async function roundTripMilliseconds(host: string, port: number): Promise<number | undefined> {
  const startedAt = performance.now();
  try {
    const response = await fetch(`http://${host}:${port}/health`, { signal: AbortSignal.timeout(5_000) });
    await response.body?.cancel();
    return performance.now() - startedAt;
  } catch {
    return undefined;
  }
}
