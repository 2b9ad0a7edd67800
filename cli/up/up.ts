import { readFile } from 'node:fs/promises';
import type { ConfigurationObject } from '@osv/contracts';
import { buildImage, sourceOfApp } from '@osv/image-builder';
import { findKernel } from '@osv/local/image/kernel-path.ts';
import { localImage } from '@osv/local/image/local-image.ts';
import { ImageTags } from '@osv/local/image/tags.ts';
import { startDetached } from '@osv/local/instance/detach.ts';
import { missedProcess } from '@osv/local/instance/guest-exit.ts';
import type { InstanceRecord } from '@osv/local/instance/record.ts';
import { stopInstance } from '@osv/local/instance/stop.ts';
import { parseMemorySize } from '@osv/local/machine/memory-size.ts';
import { parsePublishedPort } from '@osv/local/network/ports.ts';
import { ensurePrometheus, refreshTargets } from '@osv/local/prometheus/service.ts';
import { readinessProbes, waitUntilReady } from '@osv/local/readiness/wait.ts';
import { prepareInstance } from '@osv/local/start/prepare.ts';
import { withVariables } from '@osv/local/start/references.ts';
import type { LocalImage } from '@osv/local/start/request.ts';
import { appVolumes, parseBind } from '@osv/local/start/volumes.ts';
import { resolveEnvironment } from '../commands/options.ts';
import type { UpOptions } from '../commands/up.ts';
import type { Context } from '../context.ts';
import { instanceListing } from '../output/instance-listing.ts';
import { formatListing } from '../output/listing.ts';
import { type AppFile, readAppFiles } from './app-files.ts';
import { clusterFieldsNote } from './cluster-fields.ts';
import { type Additions, planApp } from './plan-app.ts';

/** `osv up`: brings the apps of the files to what the files say, and waits until they answer. */
export async function up(context: Context, files: string[], options: UpOptions): Promise<void> {
  const { apps, objects } = await readAppFiles(files);
  const additions = additionsOf(context, options);
  const interrupt = new AbortController();
  const started: InstanceRecord[] = [];
  const onInterrupt = () => interrupt.abort();
  process.on('SIGINT', onInterrupt);
  try {
    const running: InstanceRecord[] = [];
    for (const app of apps)
      running.push(...(await startApp(context, app, objects, additions, started, interrupt.signal)));
    await refreshTargets(context.store);
    const prometheus = options.prometheus ? await startPrometheus(context) : undefined;
    const waits = options.wait && !options.detach;
    const shown = waits ? await waitForAll(context, apps, running, options.timeout, interrupt.signal) : running;
    context.progress.clear();
    const rows = await Promise.all(shown.map(async (record) => (await context.store.read(record.name)) ?? record));
    const listing = instanceListing(new Date());
    context.stdout.write(await formatListing(listing, prometheus ? [...rows, prometheus] : rows, options.output));
    if (options.output === 'table') sayWhere(context, rows, prometheus);
    for (const { name } of rows) await sayWhatItMissed(context, name);
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    context.progress.line('interrupted; stopping what was started');
    for (const record of started) await stopAndRemove(context, record);
    process.exitCode = 130;
  } finally {
    process.off('SIGINT', onInterrupt);
  }
}

function additionsOf(context: Context, options: UpOptions): Additions {
  return {
    environment: resolveEnvironment(options.env, context.environment),
    publish: (options.publish ?? []).map(parsePublishedPort),
    binds: (options.volume ?? []).map(parseBind),
    machine: options.machine,
    icount: options.icount ?? false,
    ...(options.userNetwork ? { userNetwork: true } : {}),
    tracepoints: options.tracepoint ?? [],
    cpus: options.cpus,
    memoryBytes: options.memory ? parseMemorySize(options.memory) : undefined,
    replicas: options.replicas,
  };
}

/** Builds an app's image and starts what is missing; adds what it started to `started`, and returns all that run. */
async function startApp(
  context: Context,
  appFile: AppFile,
  objects: ConfigurationObject[],
  additions: Additions,
  started: InstanceRecord[],
  signal: AbortSignal,
): Promise<InstanceRecord[]> {
  const { file } = appFile;
  const app = withVariables(appFile.app, objects);
  const { name } = app.metadata;
  const volumes = appVolumes(app, objects);
  const note = clusterFieldsNote(app);
  if (note !== undefined) context.progress.line(note);
  const image = await imageOf(context, appFile, signal);
  const present = await context.store.list();
  const plan = planApp(app, file, image, volumes, additions, present, parseMemorySize);
  for (const record of plan.replace) {
    if (record.state !== 'exited') context.progress.step(`${name}: replacing ${record.name}`);
    await stopAndRemove(context, record);
  }
  const running = [...plan.keep];
  for (const request of plan.start) {
    signal.throwIfAborted();
    const prepared = await prepareInstance(context.store, request);
    if (prepared.accelerationNote && started.length === 0) {
      context.progress.line(`${name}: emulated by TCG. ${prepared.accelerationNote}`);
    }
    if (prepared.plan.network?.note && started.length === 0) {
      context.progress.line(`${name}: connected by QEMU's user networking. ${prepared.plan.network.note}`);
    }
    context.progress.step(`${name}: starting ${request.name}`);
    await startDetached(context.store, prepared.record, prepared.plan);
    started.push(prepared.record);
    running.push(prepared.record);
  }
  return running;
}

async function imageOf(context: Context, { app, folder }: AppFile, signal: AbortSignal): Promise<LocalImage> {
  const { name } = app.metadata;
  const kernelPath = await findKernel(context.environment);
  context.progress.step(`${name}: preparing the image`);
  const cacheDirectory = context.store.folders.cache;
  const image = await buildImage(sourceOfApp(app, folder), {
    kernelPath,
    cacheDirectory,
    onProgress: (message) => context.progress.step(`${name}: ${message}`),
    signal,
  });
  await new ImageTags(cacheDirectory).put({ name, createdAt: new Date().toISOString(), kernelPath, image });
  return localImage(name, image, kernelPath);
}

async function waitForAll(
  context: Context,
  apps: AppFile[],
  running: InstanceRecord[],
  timeoutSeconds: number,
  signal: AbortSignal,
): Promise<InstanceRecord[]> {
  const deadline = performance.now() + timeoutSeconds * 1000;
  context.progress.step(`waiting for ${running.map((record) => record.name).join(', ')}`);
  const waits = running.map((record) => {
    const app = apps.find((candidate) => candidate.app.metadata.name === record.app?.name)?.app;
    const probes = app && record.address ? readinessProbes(app, record.address) : [];
    return waitUntilReady(context.store, record.name, probes, { deadline, signal });
  });
  const outcomes = await Promise.allSettled(waits);
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure) throw failure.reason;
  return outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
}

async function startPrometheus(context: Context): Promise<InstanceRecord> {
  context.progress.step('prometheus: starting');
  return ensurePrometheus(context.store);
}

async function stopAndRemove(context: Context, record: InstanceRecord): Promise<void> {
  await stopInstance(context.store, record);
  await context.store.remove(record);
}

/** A server whose workers could not be started may listen all the same, and never answer. */
async function sayWhatItMissed(context: Context, name: string): Promise<void> {
  const kernelLog = await readFile(context.store.paths(name).kernelLog, 'utf8').catch(() => '');
  const hint = missedProcess(kernelLog);
  if (hint !== undefined) context.progress.line(`${name}: ${hint}`);
}

/** What people look for next, on stderr: addresses in full, and where metrics are. */
function sayWhere(context: Context, rows: InstanceRecord[], prometheus: InstanceRecord | undefined): void {
  for (const record of rows) {
    const boot =
      record.bootMicroseconds === undefined ? '' : `, booted in ${(record.bootMicroseconds / 1000).toFixed(1)} ms`;
    const places = record.ports
      .filter(({ name }) => name !== 'metrics')
      .map(({ hostAddress, hostPort, protocol }) => `${hostAddress}:${hostPort}${protocol === 'UDP' ? '/udp' : ''}`);
    const [listens, runs] = record.readyAt ? ['listens on', 'runs'] : ['boots, to listen on', 'boots'];
    context.progress.line(`${record.name}: ${places.length > 0 ? `${listens} ${places.join(', ')}` : runs}${boot}`);
    if (record.metricsUrl) context.progress.line(`  metrics: ${record.metricsUrl}`);
  }
  if (prometheus?.address)
    context.progress.line(`prometheus: http://${prometheus.address}:${prometheus.ports[0]?.hostPort}`);
}
