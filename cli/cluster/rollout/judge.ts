import type { OsvApp } from '@osv/operator/kubernetes';
import { type Condition, condition, isObserved } from '../conditions.ts';

export interface Verdict {
  state: 'going-on' | 'complete' | 'failed';
  /** What is going on, or why it failed; a sentence. */
  message: string;
}

/** How far the rollout of an app's present spec is, by the conditions of its status. */
export function judgeRollout(app: OsvApp): Verdict {
  const { name } = app.metadata;
  if (app.metadata.deletionTimestamp) return { state: 'failed', message: `${name} is being deleted.` };
  const progressing = condition(app, 'Progressing');
  if (!isObserved(app) || !progressing) {
    return { state: 'going-on', message: 'Waiting for the operator to see the spec.' };
  }
  if (progressing.reason === 'RolloutComplete') return { state: 'complete', message: progressing.message };
  const message = reasons(app, progressing).join(' ');
  const image = condition(app, 'ImageReady')?.reason ?? '';
  const hopeless = hopelessReasons.has(progressing.reason) || hopelessReasons.has(image);
  return { state: hopeless ? 'failed' : 'going-on', message };
}

/** Reasons after which waiting does not help. A build that may succeed later says BuildRetrying. */
const hopelessReasons = new Set(['ProgressDeadlineExceeded', 'BuildFailed', 'NoProgram', 'Unsupported']);

/** The most telling conditions first: why there is no image, why instances do not come up, how far it is. */
function reasons(app: OsvApp, progressing: Condition): string[] {
  const [image, degraded] = [condition(app, 'ImageReady'), condition(app, 'Degraded')];
  if (image?.status === 'False') return [image.message];
  const problem = degraded?.status === 'True' ? [degraded.message] : [];
  // Some reasons stand in both, and one of them says which object it is.
  return degraded?.reason === progressing.reason ? problem : [progressing.message, ...problem];
}
