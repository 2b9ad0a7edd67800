import { timestamp } from '../../admission/defaults.ts';
import { annotations } from '../../kubevirt-names.ts';
import type { Condition, Instance, Machine } from '../../types.ts';
import { hasCondition, withCondition, withoutCondition } from '../conditions.ts';
import { printableStatus } from './printable-status.ts';
import { isFirstRequestDone, strategyOf } from './run-strategy.ts';
import { nextStartFailure } from './start-failure.ts';

export interface MachineView {
  machine: Readonly<Machine>;
  instance: Readonly<Instance> | undefined;
  isStarting: boolean;
  isStopping: boolean;
  hasUnboundClaim: boolean;
  /** The template differs from the one that the instance was made of, in more than what can be changed live. */
  needsRestart: boolean;
  problem?: { reason: string; message: string } | undefined;
  /** Milliseconds since 1970. */
  now: number;
  random: () => number;
}

type Status = NonNullable<Machine['status']>;

/** Conditions that are the machine's own. */
const ownConditions = ['Ready', 'Failure', 'RestartRequired'];

/** updateStatus in vm.go of KubeVirt. */
export function nextStatus(view: MachineView): Status {
  const { machine, instance, now, random } = view;
  const status: Status = structuredClone(machine.status ?? {}) as Status;
  setOrDelete(status, 'created', instance ? true : undefined);
  const ready = hasCondition(instance?.status?.conditions, { type: 'Ready', status: 'True' });
  setOrDelete(status, 'ready', ready || undefined);
  if (instance) {
    const generation = Number(instance.metadata.annotations?.[annotations.machineGeneration]);
    if (!Number.isNaN(generation)) status.observedGeneration = generation;
    status.desiredGeneration = machine.metadata.generation ?? 0;
  }
  // From the first start on, to tell whether there has been one.
  if (status.runStrategy || instance) status.runStrategy = strategyOf(machine);
  if (isFirstRequestDone(machine, instance)) {
    const rest = status.stateChangeRequests?.slice(1) ?? [];
    setOrDelete(status, 'stateChangeRequests', rest.length > 0 ? rest : undefined);
  }
  setOrDelete(status, 'startFailure', nextStartFailure(machine, instance, now, random));
  status.conditions = nextConditions(view, status.conditions ?? []);
  status.printableStatus = printableStatus({ ...view, machine: { ...machine, status } });
  return status;
}

/** Those of the instance, beside its own. */
function nextConditions(view: MachineView, present: readonly Condition[]): Condition[] {
  const { instance, problem, needsRestart, isStarting, isStopping } = view;
  const now = timestamp(new Date(view.now));
  let conditions = withCondition(present, readyCondition(instance, now));
  const failure = { type: 'Failure', status: 'True', ...problem, lastProbeTime: null, lastTransitionTime: now };
  conditions = problem ? withCondition(conditions, failure) : withoutCondition(conditions, 'Failure');
  const message = 'the template was changed in more than what a running machine can take over';
  const restart = { type: 'RestartRequired', status: 'True', message, lastProbeTime: null, lastTransitionTime: now };
  if (needsRestart) conditions = withCondition(conditions, restart);
  else if (instance || isStarting || isStopping) conditions = withoutCondition(conditions, 'RestartRequired');
  if (!instance) return conditions;
  const shown = (instance.status?.conditions ?? []).filter(({ type }) => !ownConditions.includes(type));
  conditions = shown.reduce<Condition[]>(withCondition, conditions);
  return conditions.filter(
    ({ type }) => ownConditions.includes(type) || shown.some((condition) => condition.type === type),
  );
}

function readyCondition(instance: Readonly<Instance> | undefined, now: string): Condition {
  const ready = instance?.status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready) return { ...ready };
  const [reason, message] = instance
    ? ['VMIConditionMissing', 'the instance has no condition Ready']
    : ['VMINotExists', 'there is no instance'];
  return { type: 'Ready', status: 'False', reason, message, lastProbeTime: now, lastTransitionTime: now };
}

function setOrDelete<Name extends keyof Status>(status: Status, name: Name, value: Status[Name] | undefined): void {
  if (value === undefined) delete status[name];
  else status[name] = value;
}
