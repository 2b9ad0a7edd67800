import type { BuildResult } from '@osv/contracts';
import {
  type ApiClient,
  ApiError,
  isAlreadyExists,
  type Job,
  type OsvApp,
  type Pod,
  resources,
} from '../kubernetes/index.ts';
import type { Logger } from '../logger.ts';
import type { OperatorMetrics } from '../metrics.ts';
import { Controller, type ObjectCache, PendingWrites } from '../reconcile-runtime/index.ts';
import { BuildAttempts, retryDelaySeconds } from './build-attempts.ts';
import { type BuildJobOptions, buildJob, buildLabels } from './build-job.ts';
import { builtImage } from './built-image.ts';
import type { ImageBuilder } from './image-builder.ts';
import type { ImageRecords } from './image-records.ts';
import type { ImageState } from './image-state.ts';
import { podObstacle } from './pod-obstacle.ts';

export interface JobImageBuilderOptions extends BuildJobOptions {
  readonly identity: string;
  readonly client: ApiClient;
  readonly records: ImageRecords;
  readonly jobs: ObjectCache<Job>;
  readonly pods: ObjectCache<Pod>;
  readonly logger: Logger;
  readonly now: () => Date;
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
  /** Jobs that this process has made and the cache does not show yet, by the key of their image. */
  readonly #begun = new PendingWrites();
  readonly #begunKeys = new Set<string>();
  /** Builds whose Job the API server refused. */
  readonly #refused = new BuildAttempts();
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
    if (this.#waiting.has(key) || this.#isBegun(key)) return { state: 'building' };
    const refused = this.#refused.state(key);
    if (refused.state === 'failed') return refused;
    const last = this.#lastJob(key);
    if (!last) return { state: 'absent' };
    if (!finished(last)) return { state: 'building', ...this.#obstacle(last) };
    if (this.#isEnding(last)) return { state: 'building' };
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
    this.#refused.succeeded(key);
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
    if (!job || !uid || !finished(job) || this.#isEnding(job) || this.#counted.has(uid)) return;
    this.#counted.add(uid);
    const result = this.#result(job);
    const began = new Date(job.status?.startTime ?? job.metadata.creationTimestamp ?? 0);
    const seconds = (finishedAt(job).getTime() - began.getTime()) / 1000;
    metrics.buildEnded(result && !('error' in result) ? 'succeeded' : 'failed', seconds);
    for (const known of this.#counted)
      if (!present.some(({ metadata }) => metadata.uid === known)) this.#counted.delete(known);
  }

  async #startWaiting(): Promise<void> {
    for (const [key, app] of this.#waiting) {
      if (this.#running() >= this.#options.concurrency) return;
      await this.#begin(key, app);
    }
  }

  #running(): number {
    const begun = [...this.#begunKeys].filter((key) => this.#isBegun(key));
    return begun.length + this.#options.jobs.list().filter((job) => !finished(job)).length;
  }

  /** @throws ApiError when the server could not be asked, and may take the same Job later */
  async #begin(key: string, app: OsvApp): Promise<void> {
    const { client, jobs, logger, now } = this.#options;
    const last = this.#lastJob(key);
    const attempt = last ? attemptOf(last) + 1 : 1;
    this.#refused.begin(key);
    try {
      this.#begun.note(key, jobs, await client.create(resources.jobs, buildJob(this.#options, key, attempt, app)));
      this.#begunKeys.add(key);
      logger.info({ key, attempt }, 'A build has begun');
    } catch (error) {
      if (isRefusal(error)) {
        // Such as a quota: that is to be said, and must not keep other builds from beginning.
        this.#refused.failed(key, { code: 'builder-failed', message: error.message, temporary: true, at: now() });
        this.#waiting.delete(key);
        logger.warn({ key, attempt, err: error }, 'The Job of a build was refused');
        this.#changed(key);
        return;
      }
      if (!isAlreadyExists(error)) throw error;
    }
    this.#refused.succeeded(key);
    this.#waiting.delete(key);
    const wait = this.#begun.waitSeconds(key);
    if (wait !== undefined) this.#controller.enqueueAfter(key, wait);
  }

  #isBegun(key: string): boolean {
    if (!this.#begunKeys.has(key)) return false;
    if (this.#begun.waitSeconds(key) !== undefined) return true;
    this.#begunKeys.delete(key);
    return false;
  }

  #changed(key: string): void {
    for (const listener of this.#listeners) listener(key);
  }

  #lastJob(key: string): Job | undefined {
    return [...this.#options.jobs.byIndex(byKey, key)].sort((left, right) => attemptOf(right) - attemptOf(left))[0];
  }

  #podsOf({ metadata: { labels } }: Job): Pod[] {
    const pods = this.#options.pods.byIndex(byKey, labels?.[buildLabels.key] ?? '');
    return pods.filter(({ metadata }) => metadata.labels?.[buildLabels.attempt] === labels?.[buildLabels.attempt]);
  }

  /** Whether a Job has finished and the end of its pod, with the result, is not known yet: two watches, in no order. */
  #isEnding(job: Job): boolean {
    return this.#podsOf(job).some(
      ({ metadata, status }) =>
        metadata.deletionTimestamp === undefined &&
        !['Succeeded', 'Failed'].includes(status?.phase ?? '') &&
        !status?.containerStatuses?.[0]?.state?.terminated,
    );
  }

  #obstacle(job: Job): { obstacle?: string } {
    const obstacle = this.#podsOf(job).map(podObstacle).find(Boolean);
    return obstacle === undefined ? {} : { obstacle };
  }

  #result(job: Job): BuildResult | undefined {
    for (const pod of this.#podsOf(job)) {
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

/** Whether the API server will hardly take the same Job if it is asked again at once. */
function isRefusal(error: unknown): error is ApiError {
  return error instanceof ApiError && [400, 403, 404, 413, 422].includes(error.status);
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
