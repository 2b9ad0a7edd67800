import { writeFile } from 'node:fs/promises';
import { isAlive, signalProcess } from './process-identity.ts';
import type { InstanceRecord } from './record.ts';
import type { InstanceStore } from './store.ts';

/** Beyond the grace period: for QEMU to end and the record to be written. */
const marginMilliseconds = 10_000;
const pollMilliseconds = 10;

/**
 * Stops a running instance in order and waits for its end. With a supervisor that does not answer, the supervisor is
 * killed, and the guest goes with it.
 *
 * @param graceSeconds how long the program may take; the record's own period without it, 0 switches off at once
 */
export async function stopInstance(store: InstanceStore, known: InstanceRecord, graceSeconds?: number): Promise<void> {
  // A caller that started the instance knows its record from before there was a supervisor to stop.
  const record = (await store.read(known.name)) ?? known;
  if (record.state === 'exited') return;
  const grace = graceSeconds ?? record.gracePeriodSeconds;
  if (graceSeconds !== undefined) {
    // The folder may be gone by now if the instance removes itself; then there is nothing to ask for.
    await writeFile(store.paths(record.name).stopRequest, JSON.stringify({ graceSeconds }), { mode: 0o600 }).catch(
      () => {},
    );
  }
  signalProcess(record.supervisor, 'SIGTERM');
  const inOrder = await untilDead(record, grace * 1000 + marginMilliseconds);
  if (!inOrder) {
    signalProcess(record.supervisor, 'SIGKILL');
    await untilDead(record, marginMilliseconds);
  }
  // A service has nobody who writes down how it ended.
  if (record.kind === 'service' && !isAlive(record.supervisor)) {
    const exit = { code: inOrder ? 0 : 137, reason: 'stopped' } as const;
    await store.finish({ ...record, state: 'exited', finishedAt: new Date().toISOString(), exit });
  }
  // Settles the record of a supervisor that could not write its last one.
  await store.list();
}

async function untilDead(record: InstanceRecord, limitMilliseconds: number): Promise<boolean> {
  for (const deadline = performance.now() + limitMilliseconds; performance.now() < deadline; ) {
    if (!isAlive(record.supervisor)) return true;
    await new Promise((resolve) => setTimeout(resolve, pollMilliseconds));
  }
  return !isAlive(record.supervisor);
}
