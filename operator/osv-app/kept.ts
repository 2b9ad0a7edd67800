import type {
  KubernetesObject,
  VirtualMachine,
  VirtualMachineInstance,
  VirtualMachineInstanceReplicaSet,
} from '../kubernetes/index.ts';
import { annotations } from './labels.ts';
import { setContents } from './set-contents.ts';

/**
 * What the operator keeps of the objects that it follows: what passes look at and nothing else. Of a thousand apps the
 * specs of instances, which only KubeVirt reads, would be most of the operator's memory, and a change of something that
 * nobody looks at would be a pass.
 */

/** See `observeInstance` and `crashOf`. */
export function keptInstance({ metadata, status }: VirtualMachineInstance): VirtualMachineInstance {
  const { phase, reason: why, nodeName, conditions, interfaces, phaseTransitionTimestamps } = status ?? {};
  const kept = {
    metadata: keptMetadata(metadata),
    status: {
      phase,
      ...(why ? { reason: why } : {}),
      nodeName,
      // Probe times change all the time, and say nothing.
      conditions: conditions?.map(({ type, status: state, reason, message }) => ({
        type,
        status: state,
        ...(reason ? { reason } : {}),
        ...(message ? { message } : {}),
      })),
      interfaces: interfaces?.map(({ ipAddress }) => (ipAddress ? { ipAddress } : {})),
      phaseTransitionTimestamps,
    },
  };
  return kept as unknown as VirtualMachineInstance;
}

/** Has a digest in the place of what it would be large with. */
export type KeptSet = VirtualMachineInstanceReplicaSet & { readonly contents?: string };

/** See `observeSet`. */
export function keptSet(set: VirtualMachineInstanceReplicaSet): KeptSet {
  const { metadata, spec, status } = set;
  const notes = [annotations.revisionNumber, annotations.applied].flatMap((name) => {
    const value = metadata.annotations?.[name];
    return value === undefined ? [] : [[name, value]];
  });
  const kept = {
    contents: setContents(set),
    metadata: {
      ...keptMetadata(metadata),
      ...(notes.length > 0 ? { annotations: Object.fromEntries(notes) } : {}),
    },
    spec: { replicas: spec.replicas, paused: spec.paused },
    status: { conditions: status?.conditions?.map(({ type, status: state }) => ({ type, status: state })) },
  };
  return kept as unknown as KeptSet;
}

/** See `observeMachine`. */
export function keptMachine({ metadata, spec, status }: VirtualMachine): VirtualMachine {
  const failures = status?.conditions?.filter(({ type }) => type === 'Failure');
  const kept = {
    metadata: keptMetadata(metadata),
    spec: { runStrategy: spec.runStrategy },
    status: { conditions: failures?.map(({ type, status: state, message }) => ({ type, status: state, message })) },
  };
  return kept as unknown as VirtualMachine;
}

/** For objects of which only what was wanted is compared. */
export function withoutStatus<T extends KubernetesObject>(object: T): T {
  const { status: _, ...rest } = object as T & { status?: unknown };
  const { managedFields: __, ...metadata } = object.metadata;
  return { ...rest, metadata } as unknown as T;
}

function keptMetadata(metadata: KubernetesObject['metadata']): KubernetesObject['metadata'] {
  const { annotations: _, managedFields: __, finalizers: ___, ...rest } = metadata;
  return rest;
}
