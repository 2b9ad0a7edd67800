import { type KubernetesObject, resources } from '../../kubernetes/index.ts';
import { rolloutLimits, wantedReplicas } from '../effective-spec.ts';
import type { Action, Observed, ObservedInstance, ObservedMachine } from '../model.ts';
import type { RevisionPlan } from '../objects/instance-spec.ts';
import { virtualMachine } from '../objects/virtual-machine.ts';
import { volumeClaims } from '../objects/volume-claim.ts';
import type { BackOffs } from './back-off.ts';
import { deletion } from './deletion.ts';
import { heldStrategy } from './machine-strategy.ts';
import type { RolloutStep } from './move-sets.ts';
import { type MachineState, type MachinesPlan, planMachines } from './plan-machines.ts';
import { createSet, renumber } from './revision-record.ts';
import { scaleSet } from './scale-set.ts';

/**
 * One step towards the wanted revision where each instance is a VirtualMachine with an ordinal and volumes of its own. The
 * revision's replica set is there too, and stays empty: it is the revision's record in the history.
 *
 * @param prepare what a new revision needs before its first instance
 */
export function moveMachines(
  observed: Observed,
  plan: RevisionPlan,
  prepare: readonly Action[],
  backOffs: BackOffs,
): RolloutStep {
  const { app, sets } = observed;
  const current = sets.find(({ revision }) => revision === plan.revision);
  const step = planMachines(rolloutState(observed, plan.revision));
  if (app.spec.paused) return { actions: scaleOnly(observed, plan, step, backOffs), complete: step.complete };
  const record = current ? renumber(observed, current) : [...prepare, ...createSet(observed, plan, 0)];
  const before = instancesOfSets(observed);
  if (before.length > 0 || sets.some(({ replicas }) => replicas > 0)) {
    // The app had no persistent volumes before: its instances go first, as two kinds of them would have to be counted together.
    return { actions: [...record, ...sets.flatMap((set) => scaleSet(observed, set, 0, undefined))], complete: false };
  }
  const touched = new Set([...step.create, ...step.update]);
  const actions = [
    ...record,
    ...step.halt.flatMap((ordinal) => setStrategy(machineOf(observed, ordinal), 'Halted')),
    ...[...touched].flatMap((ordinal) => applyMachine(observed, plan, ordinal)),
    ...step.restart.flatMap((ordinal) => restart(observed, ordinal)),
    ...step.remove.flatMap((ordinal) => remove(observed, ordinal)),
    ...holdBack(observed, backOffs, (ordinal) => !touched.has(ordinal) && !step.halt.includes(ordinal)),
  ];
  return { actions, complete: step.complete };
}

/** What is missing for the start of an ordinal that does not come up, somebody may have deleted. */
export function ensureClaims(observed: Observed, { owner, spec }: RevisionPlan): Action[] {
  return observed.machines.flatMap(({ ordinal }) =>
    instanceOf(observed, ordinal)?.phase === 'Running' ? [] : claimActions(owner, spec, ordinal),
  );
}

function rolloutState(observed: Observed, revision: string) {
  const { app, machines } = observed;
  const { unavailable } = rolloutLimits(app.spec);
  const state = (machine: ObservedMachine): MachineState => {
    const instance = instanceOf(observed, machine.ordinal);
    const running = instance && !instance.leaving;
    return {
      ordinal: machine.ordinal,
      updated: machine.revision === revision,
      leaving: machine.leaving,
      instance: !instance ? 'none' : !running ? 'leaving' : instance.revision === revision ? 'updated' : 'outdated',
      ready: Boolean(running && instance.ready),
    };
  };
  return {
    wanted: wantedReplicas(app.spec),
    unavailable,
    recreate: app.spec.strategy?.type === 'Recreate',
    machines: machines.map(state),
  };
}

/** A paused app follows its number of replicas while every machine is of the revision that a new one would have. */
function scaleOnly(observed: Observed, plan: RevisionPlan, step: MachinesPlan, backOffs: BackOffs): Action[] {
  const same = observed.machines.length > 0 && observed.machines.every(({ revision }) => revision === plan.revision);
  return [
    ...(same ? step.create.flatMap((ordinal) => applyMachine(observed, plan, ordinal)) : []),
    ...step.remove.flatMap((ordinal) => remove(observed, ordinal)),
    ...holdBack(observed, backOffs, (ordinal) => !step.remove.includes(ordinal)),
  ];
}

/** How machines run that no step of a rollout touches. */
function holdBack(observed: Observed, backOffs: BackOffs, isUntouched: (ordinal: number) => boolean): Action[] {
  return observed.machines
    .filter(({ ordinal, leaving }) => !leaving && isUntouched(ordinal))
    .flatMap((machine) => setStrategy(machine, heldStrategy(observed, machine, backOffs.get(machine.revision))));
}

function instancesOfSets({ sets, instances }: Observed): ObservedInstance[] {
  const uids = new Set(sets.map(({ uid }) => uid));
  return instances.filter(({ ownerUid }) => uids.has(ownerUid));
}

function machineOf({ machines }: Observed, ordinal: number): ObservedMachine | undefined {
  return machines.find((machine) => machine.ordinal === ordinal);
}

function instanceOf(observed: Observed, ordinal: number): ObservedInstance | undefined {
  const uid = machineOf(observed, ordinal)?.uid;
  return observed.instances.find(({ ownerUid }) => ownerUid === uid);
}

function claimActions(owner: RevisionPlan['owner'], spec: RevisionPlan['spec'], ordinal: number): Action[] {
  return volumeClaims(owner, spec, ordinal).map((claim) => ({ type: 'ensure-claim', claim }));
}

function applyMachine(observed: Observed, plan: RevisionPlan, ordinal: number): Action[] {
  return [
    ...claimActions(plan.owner, plan.spec, ordinal),
    {
      type: 'apply',
      resource: resources.virtualMachines,
      object: virtualMachine(plan, ordinal) as KubernetesObject,
      takeOver: machineOf(observed, ordinal) !== undefined,
    },
  ];
}

function setStrategy(machine: ObservedMachine | undefined, runStrategy: 'Always' | 'Manual' | 'Halted'): Action[] {
  if (!machine || machine.runStrategy === runStrategy) return [];
  return [{ type: 'set-run-strategy', machine: machine.name, runStrategy }];
}

function restart(observed: Observed, ordinal: number): Action[] {
  const instance = instanceOf(observed, ordinal);
  return instance ? [deletion(observed.app, resources.virtualMachineInstances, instance)] : [];
}

function remove(observed: Observed, ordinal: number): Action[] {
  const machine = machineOf(observed, ordinal);
  return machine ? [deletion(observed.app, resources.virtualMachines, machine)] : [];
}
