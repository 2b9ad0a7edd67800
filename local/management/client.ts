import { readFile } from 'node:fs/promises';
import { managementPort } from '@osv/contracts';
import { LocalError } from '../errors.ts';
import type { InstanceRecord } from '../instance/record.ts';
import type { InstanceStore } from '../instance/store.ts';

const answerLimitMilliseconds = 10_000;

/**
 * Asks a running guest's management API (contracts/management-api.json) for what lies under /api/v1.
 *
 * @param name such as threads or self-checks
 * @throws LocalError not-ready when the guest does not answer, machine-failed when it refuses
 */
export async function askGuest<T>(store: InstanceStore, record: InstanceRecord, name: string): Promise<T> {
  const token = await readFile(store.paths(record.name).token, 'utf8').catch(() => '');
  if (record.state === 'exited' || !record.address) {
    throw new LocalError('not-ready', `${record.name} has no management port: it does not run, or has no network.`);
  }
  let response: Response;
  try {
    response = await fetch(`http://${record.address}:${managementPort}/api/v1/${name}`, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(answerLimitMilliseconds),
    });
  } catch (cause) {
    throw new LocalError('not-ready', `${record.name} does not answer on its management port.`, { cause });
  }
  if (!response.ok) {
    throw new LocalError('machine-failed', `${record.name} answers /api/v1/${name} with status ${response.status}.`);
  }
  return (await response.json()) as T;
}
