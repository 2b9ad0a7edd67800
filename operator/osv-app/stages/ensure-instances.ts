import { quantityToScalar } from '@kubernetes/client-node/dist/util.js';
import { type BootMount, type BootNetwork, bootConfiguration } from '@osv/contracts';
import type { BuiltImage } from '../../images/image-state.ts';
import { type KubernetesObject, resources } from '../../kubernetes/index.ts';
import { defaults, drainSeconds, rolloutLimits, wantedReplicas } from '../effective-spec.ts';
import type { Action, AppSpec, ConditionDraft, Observed, ObservedSet, StageOutcome } from '../model.ts';
import { bootSecretName, replicaSet, replicaSetName, volumeSerial } from '../objects/replica-set.ts';
import { revisionName, revisionSpec } from '../revision.ts';
import { isLooping, recordCrashes, remainingSeconds, rememberedSeconds } from '../rollout/back-off.ts';
import { planRollout, type RevisionState } from '../rollout/plan-rollout.ts';
import { scaleSet } from '../rollout/scale-set.ts';
import { availability, degradation, imageDegradation, progress } from './instance-conditions.ts';

/**
 * Owns Available, Progressing and Degraded: one replica set a revision, a rolling update between them, and a delay
 * between restarts of a program that keeps crashing.
 */
export function ensureInstances(
  observed: Observed,
  image: BuiltImage | undefined,
  unsupported: readonly string[],
): StageOutcome {
  const { app, referenced } = observed;
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
  const revision = revisionName(app.spec, image.reference, referenced.digest);
  const configuration = configurationOf(observed, image);
  if (!configuration) {
    const message = 'The image names no program to run; set spec.command.';
    return refuse(observed, 'NoProgram', message, [message]);
  }
  const current = observed.sets.find((set) => set.revision === revision);
  const backOff = recordCrashes(app.status?.backOff, revision, observed.crashes);
  const plan = planRollout(rolloutState(observed, revision));
  const actions = app.spec.paused
    ? scaleOnly(observed, current)
    : [
        ...(current
          ? [...renumber(observed, current), ...scaleSet(observed, current, plan.current, backOff)]
          : createSet(observed, image, revision, plan.current, configuration)),
        ...observed.sets
          .filter((set) => set !== current)
          .flatMap((set) => scaleSet(observed, set, plan.previous.get(set.name), undefined)),
        ...(plan.complete ? pruneHistory(observed, revision) : []),
      ];
  const stuck = current && !app.spec.paused ? stuckAfterSeconds(observed, current) : undefined;
  if (stuck === 0)
    actions.push({ type: 'ensure-boot-secret', name: bootSecretName(app.metadata.name, revision), configuration });
  const delay = remainingSeconds(backOff, observed.now);
  const looping = isLooping(backOff, observed.now);
  const degraded = degradation(observed, { looping, delay, backOff });
  if (looping && backOff?.lastCrashAt !== app.status?.backOff?.lastCrashAt) {
    actions.push({ type: 'event', severity: 'Warning', reason: degraded.reason, message: degraded.message });
  }
  return {
    actions,
    conditions: [availability(observed), progress(observed, revision, plan), degraded],
    status: { ...counts(observed, revision), ...(backOff ? { backOff } : {}) },
    ...requeueAfter(
      delay || rememberedSeconds(backOff, observed.now) || undefined,
      stuck === 0 ? bootSecretSeconds : stuck,
    ),
  };
}

function rolloutState(observed: Observed, revision: string) {
  const { app, sets, instances } = observed;
  const state = (set: ObservedSet): RevisionState => ({
    name: set.name,
    replicas: set.replicas,
    ready: instances.filter((instance) => instance.setUid === set.uid && instance.ready && !instance.leaving).length,
  });
  const current = sets.find((set) => set.revision === revision);
  const previous = sets
    .filter((set) => set !== current)
    .sort((left, right) => left.revisionNumber - right.revisionNumber);
  const old = new Set(previous.map(({ uid }) => uid));
  return {
    wanted: wantedReplicas(app.spec),
    limits: rolloutLimits(app.spec),
    recreate: app.spec.strategy?.type === 'Recreate',
    current: current && state(current),
    previous: previous.map(state),
    previousInstances: instances.filter(({ setUid }) => old.has(setUid)).length,
  };
}

function createSet(
  { app, sets }: Observed,
  image: BuiltImage,
  revision: string,
  replicas: number,
  configuration: NonNullable<ReturnType<typeof configurationOf>>,
): Action[] {
  const { name, namespace = '', uid = '' } = app.metadata;
  const secretName = bootSecretName(name, revision);
  const object = replicaSet(
    {
      owner: { name, namespace, uid },
      spec: revisionSpec(app.spec),
      revision,
      revisionNumber: nextNumber(sets),
      imageReference: image.reference,
      bootSecretName: secretName,
      memoryBytes: memoryBytes(app.spec, image),
    },
    replicas,
    false,
  );
  return [
    { type: 'ensure-boot-secret', name: secretName, configuration },
    {
      type: 'apply',
      resource: resources.virtualMachineInstanceReplicaSets,
      object: object as KubernetesObject,
      takeOver: false,
    },
    { type: 'event', severity: 'Normal', reason: 'RevisionCreated', message: `Rolling out revision ${revision}.` },
  ];
}

function nextNumber(sets: readonly ObservedSet[]): number {
  return Math.max(0, ...sets.map(({ revisionNumber }) => revisionNumber)) + 1;
}

/** A revision that is wanted again becomes the newest one, as a Deployment's does: the history is in order of use. */
function renumber({ sets }: Observed, current: ObservedSet): Action[] {
  const newest = sets.every((set) => set === current || set.revisionNumber < current.revisionNumber);
  return newest ? [] : [{ type: 'number-set', set: current.name, revisionNumber: nextNumber(sets) }];
}

/**
 * Seconds without progress after which an instance's boot Secret is looked at, and between looks. Secrets are not
 * watched, so one that somebody has deleted or changed is noticed by what does not start.
 */
const bootSecretSeconds = 15;

/** Seconds until an instance of the set counts as stuck before its boot: 0 when one does, undefined when none may. */
function stuckAfterSeconds({ instances, now }: Observed, set: ObservedSet): number | undefined {
  const waits = instances
    .filter(({ setUid, phase, leaving }) => setUid === set.uid && !leaving && phase !== 'Running')
    .map(({ createdAt }) => Math.max(0, bootSecretSeconds - (now.getTime() - createdAt.getTime()) / 1000));
  return waits.length > 0 ? Math.min(...waits) : undefined;
}

function requeueAfter(...seconds: (number | undefined)[]): { requeueAfterSeconds?: number } {
  const known = seconds.filter((one) => one !== undefined);
  return known.length > 0 ? { requeueAfterSeconds: Math.min(...known) } : {};
}

/** A paused app still follows its number of replicas while it has one revision only, as a paused Deployment does. */
function scaleOnly(observed: Observed, current: ObservedSet | undefined): Action[] {
  const active = observed.sets.filter(({ replicas }) => replicas > 0);
  const [only] = active.length === 1 ? active : current && active.length === 0 ? [current] : [];
  return only ? scaleSet(observed, only, wantedReplicas(observed.app.spec), undefined) : [];
}

/** Revisions without instances that are older than the history is long. */
function pruneHistory({ app, sets, instances }: Observed, revision: string): Action[] {
  const limit = app.spec.revisionHistoryLimit ?? defaults.revisionHistoryLimit;
  const idle = sets
    .filter((set) => set.revision !== revision && !instances.some(({ setUid }) => setUid === set.uid))
    .sort((left, right) => right.revisionNumber - left.revisionNumber);
  const { name, namespace } = app.metadata;
  const inNamespace = (object: string) => ({ name: object, ...(namespace ? { namespace } : {}) });
  return idle.slice(limit).flatMap((set): Action[] => [
    {
      type: 'delete',
      resource: resources.virtualMachineInstanceReplicaSets,
      reference: inNamespace(replicaSetName(name, set.revision)),
      uid: set.uid,
    },
    { type: 'delete', resource: resources.secrets, reference: inNamespace(bootSecretName(name, set.revision)) },
  ]);
}

/**
 * KubeVirt's DHCP gives address, resolver and search domains of the pod; nothing else knows the resolver beforehand
 * (KubeVirt user guide, "Interfaces and Networks", masquerade).
 */
const clusterNetwork: BootNetwork = { interfaces: [{ dhcp: true }] };

function configurationOf({ app, referenced }: Observed, image: BuiltImage) {
  const { spec, metadata } = app;
  const environment = (spec.env ?? []).flatMap(({ name, value, valueFrom }) => {
    const resolved = valueFrom ? referenced.environment.get(name) : (value ?? '');
    return resolved === undefined ? [] : [`${name}=${resolved}`];
  });
  return bootConfiguration(image.entryPoint, {
    ...(spec.command ? { command: spec.command } : {}),
    ...(spec.args ? { arguments: spec.args } : {}),
    environment,
    ...(spec.workingDirectory ? { workingDirectory: spec.workingDirectory } : {}),
    hostname: metadata.name,
    mounts: mounts(spec),
    tracepoints: spec.kernel?.tracepoints ?? [],
    network: clusterNetwork,
    stopDelaySeconds: drainSeconds(spec),
    token: '',
  });
}

function mounts(spec: AppSpec): BootMount[] {
  return (spec.volumes ?? []).flatMap((volume, index): BootMount[] => {
    const path = volume.mountPath;
    if (volume.emptyDir) {
      const limit = volume.emptyDir.sizeLimit;
      return [{ path, type: 'tmpfs', ...(limit ? { sizeBytes: Number(quantityToScalar(limit)) } : {}) }];
    }
    if (!volume.configMap && !volume.secret) return [];
    return [{ path, serial: volumeSerial(index), type: 'iso9660', readOnly: true }];
  });
}

const mebibyte = 1024 * 1024;

function memoryBytes(spec: AppSpec, image: BuiltImage): number {
  const wanted = spec.resources?.memory;
  const bytes = wanted === undefined ? image.defaultMemoryBytes : Number(quantityToScalar(wanted));
  return Math.ceil(bytes / mebibyte) * mebibyte;
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
    },
  };
}
