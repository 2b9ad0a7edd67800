import { rolloutLimits, wantedReplicas } from '../effective-spec.ts';
import type { AppStatus, ConditionDraft, Observed } from '../model.ts';
import type { BackOffRecord } from '../rollout/back-off.ts';

/** Seconds without progress after which a rollout counts as stuck: a Deployment's default. */
const progressDeadlineSeconds = 600;

export function availability({ app, instances }: Observed): ConditionDraft {
  const wanted = wantedReplicas(app.spec);
  const ready = instances.filter((instance) => instance.ready && !instance.leaving).length;
  const enough = ready >= wanted - rolloutLimits(app.spec).unavailable && (ready > 0 || wanted === 0);
  const message = wanted === 0 ? 'No instance is wanted.' : `${ready} of ${wanted} instances are ready.`;
  return enough
    ? { type: 'Available', status: 'True', reason: 'MinimumInstancesReady', message }
    : { type: 'Available', status: 'False', reason: 'TooFewInstancesReady', message };
}

export type Rollout = NonNullable<AppStatus['rollout']>;

/**
 * What the status keeps of a rollout under way. As a Deployment's, it comes a step further when another instance becomes
 * ready: a large one takes its time, and its revision may be an old one that is wanted again.
 *
 * @returns undefined when there is none, or it is paused
 */
export function rolloutRecord(
  { app, instances, now }: Observed,
  revision: string,
  complete: boolean,
): Rollout | undefined {
  if (complete || app.spec.paused) return undefined;
  const { rollout, readyReplicas = 0 } = app.status ?? {};
  const ready = instances.filter((instance) => instance.ready && !instance.leaving).length;
  if (rollout?.revision === revision && ready <= readyReplicas) return rollout;
  return { revision, progressedAt: now.toISOString() };
}

/** Seconds until a rollout counts as stuck; 0 when it does. */
export function progressSeconds({ progressedAt }: Rollout, now: Date): number {
  return Math.max(0, progressDeadlineSeconds - (now.getTime() - Date.parse(progressedAt)) / 1000);
}

export function progress(
  { app, instances, now }: Observed,
  { revision, complete, rollout }: { revision: string; complete: boolean; rollout: Rollout | undefined },
): ConditionDraft {
  if (complete) {
    const message = `Every instance runs revision ${revision}.`;
    return { type: 'Progressing', status: 'True', reason: 'RolloutComplete', message };
  }
  if (!rollout) {
    return { type: 'Progressing', status: 'Unknown', reason: 'Paused', message: 'spec.paused holds the rollout.' };
  }
  const updated = instances.filter((instance) => instance.revision === revision && instance.ready && !instance.leaving);
  const message = `${updated.length} of ${wantedReplicas(app.spec)} instances run revision ${revision}.`;
  return progressSeconds(rollout, now) === 0
    ? { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message }
    : { type: 'Progressing', status: 'True', reason: 'RollingOut', message };
}

export function degradation(
  { instances, machines }: Observed,
  crashes: { looping: boolean; delay: number; backOff: BackOffRecord | undefined },
): ConditionDraft {
  const { looping, delay, backOff } = crashes;
  if (looping && backOff) {
    const next = delay > 0 ? `the next start is at ${backOff.until}` : 'it is being started again';
    const message = `The program has ended ${backOff.crashes} times in a row, the last time at ${backOff.lastCrashAt}; ${next}.`;
    return { type: 'Degraded', status: 'True', reason: 'CrashLoopBackOff', message };
  }
  const problem = [...instances, ...machines].find((one) => one.problem && !one.leaving);
  if (problem) {
    const message = `${problem.name}: ${problem.problem}`;
    return { type: 'Degraded', status: 'True', reason: 'InstanceNotStarting', message };
  }
  return nothingWrong;
}

/** While there is no image: a build that failed is something to look at, a build that goes on is not. */
export function imageDegradation({ image: { state } }: Observed): ConditionDraft {
  if (state.state !== 'failed') return nothingWrong;
  const reason = state.temporary ? 'BuildRetrying' : 'BuildFailed';
  return { type: 'Degraded', status: 'True', reason, message: `${state.message} (${state.code})` };
}

const nothingWrong: ConditionDraft = {
  type: 'Degraded',
  status: 'False',
  reason: 'AsExpected',
  message: 'Nothing is wrong.',
};
