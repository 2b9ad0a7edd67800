import type { BuildResult } from '@osv/contracts';
import { type ApiClient, isAlreadyExists, type Job, type OsvApp, type Pod, resources } from '../kubernetes/index.ts';
import type { Logger } from '../logger.ts';
import type { OperatorMetrics } from '../metrics.ts';
import { Controller, type ObjectCache } from '../reconcile-runtime/index.ts';
import { retryDelaySeconds } from './build-attempts.ts';
import { type BuildJobOptions, buildJob, buildLabels } from './build-job.ts';
import { builtImage } from './built-image.ts';
import type { ImageBuilder } from './image-builder.ts';
import type { ImageRecords } from './image-records.ts';
import type { ImageState } from './image-state.ts';

export interface JobImageBuilderOptions extends BuildJobOptions {
  readonly identity: string;
  readonly client: ApiClient;
  readonly records: ImageRecords;
  readonly jobs: ObjectCache<Job>;
  readonly pods: ObjectCache<Pod>;
  readonly logger: Logger;
  readonly metrics: OperatorMetrics;
  /** Jobs at the same time; the others wait. */
  readonly concurrency: number;
}

const byKey = 'build-key';

/**
 * Builds as Jobs in the operator's namespace. Everything about a build is in its Job and pod, so an operator that starts
 * in the middle of one finds it.
 */
export class JobImageBuilder implements ImageBuilder {
  readonly identity: string;
  readonly #options: JobImageBuilderOptions;
  /** Asked for while too many others ran, in order. */
  readonly #waiting = new Map<string, OsvApp>();
  readonly #listeners = new Set<(key: string) => void>();
  readonly #controller: Controller;
  /** UIDs of Jobs whose end has been counted. */
  readonly #counted = new Set<string>();

  constructor(options: JobImageBuilderOptions) {
    this.identity = options.identity;
    this.#options = options;
    const { jobs, pods, records, logger } = options;
    const keyOfLabels = (object: Job | Pod) => [object.metadata.labels?.[buildLabels.key] ?? ''];
    jobs.addIndex(byKey, keyOfLabels);
    pods.addIndex(byKey, keyOfLabels);
    this.#controller = new Controller({ name: 'builds', reconcile: (key) => this.#reconcile(key), logger });
    this.#controller.watch(jobs, ({ object }) => keyOfLabels(object));
    this.#controller.watch(pods, ({ object }) => keyOfLabels(object));
    records.subscribe((key) => this.#changed(key));
  }

  /** Jobs go on without an operator; the next one takes their results. */
  start(signal: AbortSignal): Promise<void> {
    return this.#controller.start(signal);
  }

  async synced(): Promise<void> {
    const { records, jobs, pods } = this.#options;
    await Promise.all([records.synced(), jobs.synced(), pods.synced()]);
  }

  state(key: string): ImageState {
    const image = this.#options.records.find(key);
    if (image) return { state: 'built', image };
    if (this.#waiting.has(key)) return { state: 'building' };
    const last = this.#lastJob(key);
    if (!last) return { state: 'absent' };
    if (!finished(last)) return { state: 'building' };
    const result = this.#result(last);
    // The record is about to be written.
    if (result && !('error' in result)) return { state: 'building' };
    const attempts = attemptOf(last);
    const { code, message, temporary } = result?.error ?? lostResult(last);
    const retryAt = new Date(finishedAt(last).getTime() + retryDelaySeconds(attempts, temporary) * 1000);
    return { state: 'failed', code, message, temporary, attempts, retryAt };
  }

  build(key: string, app: OsvApp): void {
    const { state } = this.state(key);
    if (state === 'building' || state === 'built') return;
    this.#waiting.set(key, app);
    this.#controller.enqueue(key);
  }

  abandon(key: string, app: OsvApp): void {
    // A Job that runs is left alone: another app may want the image, and it ends by itself.
    if (this.#waiting.get(key)?.metadata.uid === app.metadata.uid) this.#waiting.delete(key);
  }

  subscribe(listener: (key: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #reconcile(key: string): Promise<void> {
    const last = this.#lastJob(key);
    const result = last && finished(last) ? this.#result(last) : undefined;
    if (result && !('error' in result) && !this.#options.records.find(key)) {
      await this.#options.records.write(key, builtImage(result));
    }
    this.#count(last);
    await this.#startWaiting();
    this.#changed(key);
  }

  #count(job: Job | undefined): void {
    const { jobs, metrics } = this.#options;
    const present = jobs.list();
    metrics.buildsRunning(present.filter((one) => !finished(one)).length);
    const uid = job?.metadata.uid;
    if (!job || !uid || !finished(job) || this.#counted.has(uid)) return;
    this.#counted.add(uid);
    const result = this.#result(job);
    const began = new Date(job.status?.startTime ?? job.metadata.creationTimestamp ?? 0);
    const seconds = (finishedAt(job).getTime() - began.getTime()) / 1000;
    metrics.buildEnded(result && !('error' in result) ? 'succeeded' : 'failed', seconds);
    for (const known of this.#counted)
      if (!present.some(({ metadata }) => metadata.uid === known)) this.#counted.delete(known);
  }

  async #startWaiting(): Promise<void> {
    const { client, jobs, concurrency, logger } = this.#options;
    let running = jobs.list().filter((job) => !finished(job)).length;
    for (const [key, app] of this.#waiting) {
      if (running >= concurrency) return;
      const last = this.#lastJob(key);
      const attempt = last ? attemptOf(last) + 1 : 1;
      try {
        await client.create(resources.jobs, buildJob(this.#options, key, attempt, app));
        logger.info({ key, attempt }, 'A build has begun');
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
      }
      this.#waiting.delete(key);
      running += 1;
    }
  }

  #changed(key: string): void {
    for (const listener of this.#listeners) listener(key);
  }

  #lastJob(key: string): Job | undefined {
    return [...this.#options.jobs.byIndex(byKey, key)].sort((left, right) => attemptOf(right) - attemptOf(left))[0];
  }

  #result(job: Job): BuildResult | undefined {
    const pods = this.#options.pods.byIndex(byKey, job.metadata.labels?.[buildLabels.key] ?? '');
    for (const pod of pods) {
      if (pod.metadata.labels?.[buildLabels.attempt] !== job.metadata.labels?.[buildLabels.attempt]) continue;
      const text = pod.status?.containerStatuses?.[0]?.state?.terminated?.message;
      try {
        return JSON.parse(text ?? '') as BuildResult;
      } catch {
        // No result: the container was killed, or said something else.
      }
    }
    return undefined;
  }
}

function attemptOf(job: Job): number {
  return Number(job.metadata.labels?.[buildLabels.attempt] ?? 0);
}

function finished({ status }: Job): boolean {
  return (status?.conditions ?? []).some(
    ({ type, status: state }) => (type === 'Complete' || type === 'Failed') && state === 'True',
  );
}

function finishedAt({ status }: Job): Date {
  const condition = status?.conditions?.find(({ type }) => type === 'Complete' || type === 'Failed');
  return new Date(condition?.lastTransitionTime ?? 0);
}

function lostResult({ metadata, status }: Job) {
  const failure = status?.conditions?.find(({ type, status: state }) => type === 'Failed' && state === 'True');
  const why = failure?.message ?? 'its pod is gone';
  return { code: 'builder-failed', message: `The build ${metadata.name} gave no result: ${why}.`, temporary: true };
}
