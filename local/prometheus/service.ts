import { spawn } from 'node:child_process';
import { mkdir, open, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LocalError } from '../errors.ts';
import { identifyProcess, ownIdentity } from '../instance/process-identity.ts';
import type { InstanceRecord } from '../instance/record.ts';
import type { InstanceStore } from '../instance/store.ts';
import { claimAddress } from '../network/loopback-address.ts';
import { requireProgram } from '../tools.ts';
import { prometheusConfiguration, targetGroups } from './configuration.ts';

const serviceName = 'prometheus';
const port = 9090;
const startLimitMilliseconds = 30_000;
const pollMilliseconds = 50;

/** Starts Prometheus for all guests of this user, if it does not run yet, and returns its record. */
export async function ensurePrometheus(store: InstanceStore): Promise<InstanceRecord> {
  const present = (await store.list()).find((record) => record.name === serviceName);
  if (present?.state === 'running') return present;
  if (present) await store.remove(present);
  const program = await requireProgram('prometheus');
  let record: InstanceRecord = {
    version: 1,
    name: serviceName,
    nameInvented: false,
    kind: 'service',
    state: 'created',
    createdAt: new Date().toISOString(),
    creator: ownIdentity(),
    image: { name: 'prometheus', digest: '', kernelVersion: '' },
    command: [program],
    ports: [],
    gracePeriodSeconds: 10,
    removeOnExit: false,
  };
  await store.create(record);
  try {
    const address = await claimAddress(store.folders.addresses, serviceName, [port]);
    record = { ...record, address, ports: [{ name: 'web', hostAddress: address, hostPort: port, guestPort: port }] };
    await store.write(record);
    return await start(store, record, program, address);
  } catch (error) {
    await store.remove(record);
    throw error;
  }
}

/** Tells a running Prometheus which guests there are now; does nothing without one. */
export async function refreshTargets(store: InstanceStore): Promise<void> {
  const records = await store.list();
  const service = records.find((record) => record.name === serviceName && record.state !== 'exited');
  if (!service) return;
  const path = targetsPath(store);
  const draft = `${path}.${process.pid}.draft`;
  await writeFile(draft, JSON.stringify(targetGroups(records)));
  await rename(draft, path);
}

function targetsPath(store: InstanceStore): string {
  return join(store.paths(serviceName).folder, 'targets.json');
}

async function start(
  store: InstanceStore,
  record: InstanceRecord,
  program: string,
  address: string,
): Promise<InstanceRecord> {
  const { folder, consoleLog } = store.paths(serviceName);
  const configuration = join(folder, 'prometheus.yml');
  await mkdir(join(folder, 'data'));
  await writeFile(configuration, prometheusConfiguration(targetsPath(store)));
  await refreshTargets(store);
  const log = await open(consoleLog, 'a', 0o600);
  const child = spawn(
    program,
    [
      `--config.file=${configuration}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}:${port}`,
    ],
    { detached: true, cwd: folder, stdio: ['ignore', log.fd, log.fd] },
  );
  child.unref();
  child.on('error', () => {});
  await log.close();
  const supervisor = child.pid === undefined ? undefined : identifyProcess(child.pid);
  const running: InstanceRecord = {
    ...record,
    ...(supervisor ? { supervisor } : {}),
    state: 'running',
    startedAt: new Date().toISOString(),
  };
  await store.write(running);
  await untilReady(`http://${address}:${port}/-/ready`, child);
  return running;
}

async function untilReady(url: string, child: { exitCode: number | null }): Promise<void> {
  for (const deadline = performance.now() + startLimitMilliseconds; ; await delay(pollMilliseconds)) {
    const response = await fetch(url).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok) return;
    if (child.exitCode !== null || performance.now() > deadline) {
      throw new LocalError('machine-failed', 'Prometheus did not start; run it by hand to see why.');
    }
  }
}
