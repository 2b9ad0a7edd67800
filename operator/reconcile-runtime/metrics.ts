export type ReconcileResult = 'success' | 'requeue-after' | 'conflict' | 'error';
/** Why a watch ended: by the server, in silence, because its place is no longer known, or in another failure. */
export type WatchEnd = 'closed' | 'silent' | 'expired' | 'error';

/** What the runtime tells of itself; `createRuntimeMetrics` gives it to Prometheus. */
export interface RuntimeMetrics {
  /** A queue that is looked at when somebody asks for metrics. */
  queueCreated(queue: string, state: QueueState): void;
  queueAdded(queue: string): void;
  queueRetried(queue: string): void;
  queueFull(queue: string): void;
  /** A key was taken after it had been ready for so long. */
  queueTaken(queue: string, waitedSeconds: number): void;
  /** A key was worked on for so long. */
  queueWorked(queue: string, seconds: number): void;
  reconciled(controller: string, result: ReconcileResult, seconds: number): void;
  listed(resource: string, objects: number): void;
  watchEnded(resource: string, end: WatchEnd): void;
  leading(lease: string, leads: boolean): void;
  eventDropped(): void;
  /** A subscriber of a cache threw. */
  handlerFailed(resource: string): void;
}

export interface QueueState {
  /** Keys that are ready. */
  readonly depth: number;
  readonly delayed: number;
  /** For how long the key that is worked on longest has been; 0 without one. */
  readonly longestRunningSeconds: number;
}

/** Tells nobody. */
export const noRuntimeMetrics: RuntimeMetrics = {
  queueCreated() {},
  queueAdded() {},
  queueRetried() {},
  queueFull() {},
  queueTaken() {},
  queueWorked() {},
  reconciled() {},
  listed() {},
  watchEnded() {},
  leading() {},
  eventDropped() {},
  handlerFailed() {},
};
