import type { BuiltImage } from '../../images/image-state.ts';
import { hasMachines } from '../effective-spec.ts';
import type { Action, AppStatus, ConditionDraft, Observed, StageOutcome } from '../model.ts';
import { guestConfiguration, memoryBytes } from '../objects/guest-configuration.ts';
import { bootSecretName, type RevisionPlan } from '../objects/instance-spec.ts';
import { revisionName, revisionSpec } from '../revision.ts';
import {
  type BackOffs,
  isLooping,
  recordAllCrashes,
  remainingSeconds,
  rememberedSeconds,
  tellsOfCrash,
} from '../rollout/back-off.ts';
import { ensureClaims, moveMachines } from '../rollout/move-machines.ts';
import { moveSets } from '../rollout/move-sets.ts';
import { pruneHistory } from '../rollout/revision-record.ts';
import {
  availability,
  degradation,
  imageDegradation,
  progress,
  progressSeconds,
  rolloutRecord,
} from './instance-conditions.ts';

/**
 * Owns Available, Progressing and Degraded: instances of the wanted revision, a rolling update towards them, and a delay
 * between restarts of a program that keeps crashing.
 */
export function ensureInstances(
  observed: Observed,
  image: BuiltImage | undefined,
  unsupported: readonly string[],
): StageOutcome {
  const { app, referenced, now } = observed;
  if (unsupported.length > 0) {
    return refuse(observed, 'Unsupported', 'The app asks for what the operator cannot do yet.', unsupported);
  }
  if (!image) {
    const message = 'There is no image to start.';
    const waiting = { type: 'Progressing', status: 'False', reason: 'ImageNotReady', message } as const;
    return withoutRevision(observed, waiting, imageDegradation(observed));
  }
  if (referenced.missing.length > 0) {
    return refuse(observed, 'ReferencesMissing', 'An object that the app names is not there.', referenced.missing);
  }
  const configuration = guestConfiguration(observed, image);
  if (!configuration) {
    const message = 'The image names no program to run; set spec.command.';
    return refuse(observed, 'NoProgram', message, [message]);
  }
  const plan = revisionPlan(observed, image);
  const { revision } = plan;
  const bootSecret: Action = { type: 'ensure-boot-secret', name: plan.bootSecretName, configuration };
  const backOffs = backOffsOf(observed, revision);
  const backOff = backOffs.get(revision);
  const { actions, complete, requeueAfterSeconds } = hasMachines(app.spec)
    ? moveMachines(observed, plan, [bootSecret], backOffs)
    : moveSets(observed, plan, [bootSecret], backOffs);
  const moves = [...actions, ...(complete && !app.spec.paused ? pruneHistory(observed, revision) : [])];
  const stuck = app.spec.paused ? undefined : stuckAfterSeconds(observed, revision);
  if (stuck === 0) moves.push(bootSecret, ...ensureClaims(observed, plan));
  const delay = remainingSeconds(backOff, now);
  const looping = isLooping(backOff, now);
  const degraded = degradation(observed, { looping, delay, backOff });
  if (looping && tellsOfCrash(backOff, app.status?.backOff)) {
    moves.push({ type: 'event', severity: 'Warning', reason: degraded.reason, message: degraded.message });
  }
  const rollout = rolloutRecord(observed, revision, complete);
  return {
    actions: moves,
    conditions: [availability(observed), progress(observed, { revision, complete, rollout }), degraded],
    status: { ...counts(observed, revision), ...recordsOf(backOffs, revision), ...(rollout ? { rollout } : {}) },
    ...requeueAfter(
      rollout && (progressSeconds(rollout, now) || undefined),
      ...[...backOffs.values()].map(
        (record) => remainingSeconds(record, now) || rememberedSeconds(record, now) || undefined,
      ),
      stuck === 0 ? stuckSeconds : stuck,
      requeueAfterSeconds,
    ),
  };
}

/** During a rollout away from a program that keeps crashing, the old instances that are still wanted crash on. */
function backOffsOf({ app, sets, machines, crashes, crashesOfGone }: Observed, revision: string): BackOffs {
  const { backOff, previousBackOff } = app.status ?? {};
  const present = [...sets.filter(({ replicas }) => replicas > 0), ...machines];
  const revisions = new Set([revision, ...present.map((one) => one.revision)]);
  return recordAllCrashes([backOff, previousBackOff], revisions, [...crashes, ...crashesOfGone]);
}

/** Of several old revisions the one that crashed last. */
function recordsOf(backOffs: BackOffs, revision: string): Pick<AppStatus, 'backOff' | 'previousBackOff'> {
  const backOff = backOffs.get(revision);
  const [previousBackOff] = [...backOffs.values()]
    .filter((record) => record !== backOff)
    .sort((left, right) => right.lastCrashAt.localeCompare(left.lastCrashAt));
  return { ...(backOff ? { backOff } : {}), ...(previousBackOff ? { previousBackOff } : {}) };
}

function revisionPlan({ app, referenced }: Observed, image: BuiltImage): RevisionPlan {
  const { name, namespace = '', uid = '' } = app.metadata;
  const revision = revisionName(app.spec, image.reference, referenced.digest);
  return {
    owner: { name, namespace, uid },
    spec: revisionSpec(app.spec),
    revision,
    imageReference: image.reference,
    bootSecretName: bootSecretName(name, revision),
    memoryBytes: memoryBytes(app.spec, image),
  };
}

/**
 * Seconds without progress after which what an instance starts from is looked at, and between looks. Neither Secrets nor
 * claims are watched, so one that somebody has deleted or changed is noticed by what does not start.
 */
const stuckSeconds = 15;

/** Seconds until an instance of the revision counts as stuck before its boot: 0 when one does, undefined when none may. */
function stuckAfterSeconds({ instances, now }: Observed, revision: string): number | undefined {
  const waits = instances
    .filter((instance) => instance.revision === revision && !instance.leaving && instance.phase !== 'Running')
    .map(({ createdAt }) => Math.max(0, stuckSeconds - (now.getTime() - createdAt.getTime()) / 1000));
  return waits.length > 0 ? Math.min(...waits) : undefined;
}

function requeueAfter(...seconds: (number | undefined)[]): { requeueAfterSeconds?: number } {
  const known = seconds.filter((one) => one !== undefined);
  return known.length > 0 ? { requeueAfterSeconds: Math.min(...known) } : {};
}

function counts({ app, instances }: Observed, revision: string | undefined) {
  const active = instances.filter(({ leaving }) => !leaving);
  return {
    replicas: active.length,
    readyReplicas: active.filter(({ ready }) => ready).length,
    updatedReplicas: active.filter((instance) => instance.revision === revision).length,
    selector: `osvapp.dev/app=${app.metadata.name}`,
  };
}

/** @param problems a sentence for each thing that somebody has to mend */
function refuse(
  observed: Observed,
  reason: 'Unsupported' | 'ReferencesMissing' | 'NoProgram',
  message: string,
  problems: readonly string[],
): StageOutcome {
  return withoutRevision(
    observed,
    { type: 'Progressing', status: 'False', reason, message },
    { type: 'Degraded', status: 'True', reason, message: problems.join(' ') },
  );
}

/** Nothing new can be started: what runs goes on running, and the conditions say what is missing. */
function withoutRevision(observed: Observed, progressing: ConditionDraft, degraded: ConditionDraft): StageOutcome {
  return {
    conditions: [availability(observed), progressing, degraded],
    status: {
      ...counts(observed, undefined),
      ...(observed.app.status?.backOff ? { backOff: observed.app.status.backOff } : {}),
      ...(observed.app.status?.previousBackOff ? { previousBackOff: observed.app.status.previousBackOff } : {}),
    },
  };
}
