import type { OsvApp } from '@osv/operator/kubernetes';
import { condition, isObserved } from '../conditions.ts';
import { remedies, type Subject } from './remedies.ts';

/** Something about an app that a person should know, and what to do about it. */
export interface Finding {
  reason: string;
  message: string;
  remedy?: string;
}

export interface Explanation {
  /** One word, such as Ready, RollingOut or BuildFailed. */
  state: string;
  /** What the app is doing; sentences. */
  summary: string[];
  /** Worst first. */
  findings: Finding[];
}

/** What an app is doing and what to do, from its status alone. */
export function explain(app: OsvApp, options: { programName: string }): Explanation {
  const { name, namespace = '' } = app.metadata;
  const instance = app.status?.instances?.[0]?.name ?? 'INSTANCE';
  const subject: Subject = { name, namespace, instance, programName: options.programName };
  const findings = findingsOf(app).map((finding): Finding => {
    const remedy = remedies[finding.reason]?.(subject);
    return { ...finding, ...(remedy && { remedy }) };
  });
  return { state: stateOf(app), summary: summaryOf(app), findings };
}

/** The one word that matters most; the reason of a condition where that is it. */
export function stateOf(app: OsvApp): string {
  if (app.metadata.deletionTimestamp) return 'Deleting';
  const [image, degraded] = [condition(app, 'ImageReady'), condition(app, 'Degraded')];
  const [progressing, available] = [condition(app, 'Progressing'), condition(app, 'Available')];
  if (!isObserved(app) || !progressing) return 'Waiting';
  if (image?.status === 'False') return image.reason;
  if (degraded?.status === 'True') return degraded.reason;
  if (progressing.reason !== 'RolloutComplete') return progressing.reason;
  if (available?.status === 'False') return 'Unavailable';
  return app.spec.replicas === 0 ? 'ScaledToZero' : 'Ready';
}

export function readiness({ spec, status }: OsvApp): string {
  return `${status?.readyReplicas ?? 0}/${spec.replicas ?? 1}`;
}

function summaryOf(app: OsvApp): string[] {
  if (app.metadata.deletionTimestamp) return ['It is being deleted, and what belongs to it goes with it.'];
  const available = condition(app, 'Available')?.message ?? 'Nothing has been started yet.';
  if (!isObserved(app)) return [available, 'The operator has not seen the latest change of the spec yet.'];
  const image = condition(app, 'ImageReady');
  const what = image?.status === 'False' ? image : condition(app, 'Progressing');
  return what ? [available, what.message] : [available];
}

/** Conditions that say that something is wrong. */
const wrong = [
  { type: 'ImageReady', status: 'False', besides: 'Building' },
  { type: 'Degraded', status: 'True' },
  { type: 'Progressing', status: 'False', besides: 'ImageNotReady' },
  { type: 'Progressing', status: 'Unknown' },
  { type: 'Compatible', status: 'False' },
  { type: 'MetricsFlowing', status: 'False' },
] as const;

function findingsOf(app: OsvApp): Finding[] {
  const found: Finding[] = [];
  if (!isObserved(app)) {
    found.push({ reason: 'NotObserved', message: 'The status is about an older spec, or there is none yet.' });
  }
  for (const rule of wrong) {
    const present = condition(app, rule.type);
    if (!present || present.status !== rule.status || ('besides' in rule && present.reason === rule.besides)) continue;
    // Progressing repeats the reason of Degraded in other words.
    if (found.some(({ reason }) => reason === present.reason)) continue;
    found.push({ reason: present.reason, message: present.message });
  }
  const compatible = condition(app, 'Compatible');
  if (compatible?.reason === 'SomeSystemCallsMissing') {
    found.push({ reason: compatible.reason, message: compatible.message });
  }
  return found;
}
