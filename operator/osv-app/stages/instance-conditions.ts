import { rolloutLimits, wantedReplicas } from '../effective-spec.ts';
import type { ConditionDraft, Observed } from '../model.ts';
import type { BackOffRecord } from '../rollout/back-off.ts';

/** Seconds after which a rollout that has not come to its end counts as stuck: a Deployment's default. */
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

export function progress(observed: Observed, revision: string, complete: boolean): ConditionDraft {
  const { app, sets, instances, now } = observed;
  if (complete) {
    const message = `Every instance runs revision ${revision}.`;
    return { type: 'Progressing', status: 'True', reason: 'RolloutComplete', message };
  }
  if (app.spec.paused) {
    return { type: 'Progressing', status: 'Unknown', reason: 'Paused', message: 'spec.paused holds the rollout.' };
  }
  const updated = instances.filter((instance) => instance.revision === revision && instance.ready && !instance.leaving);
  const message = `${updated.length} of ${wantedReplicas(app.spec)} instances run revision ${revision}.`;
  const current = sets.find((set) => set.revision === revision);
  const neverComplete =
    app.status?.conditions?.find(({ type }) => type === 'Progressing')?.reason !== 'RolloutComplete';
  if (current && neverComplete && now.getTime() - current.createdAt.getTime() > progressDeadlineSeconds * 1000) {
    return { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message };
  }
  return { type: 'Progressing', status: 'True', reason: 'RollingOut', message };
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
