import { isDeepStrictEqual } from 'node:util';
import { serviceAccounts, userNameOf } from '../kubevirt-names.ts';
import { selectorMatches } from '../label-selector.ts';
import type { Instance, Machine, ReplicaSet, RunStrategy } from '../types.ts';
import { type Cause, invalid, notSupported, required } from './cause.ts';
import { fillInstance, fillMachine, fillSpec } from './defaults.ts';
import type { ReviewRequest, Verdict } from './review.ts';
import { bindingsAreNotDiscontinued } from './rules/interfaces.ts';
import { liveUpdateIsPossible } from './rules/live-update.ts';
import { metadataIsAllowed, reservedAmong } from './rules/metadata.ts';
import { selectorIsValid } from './rules/scheduling.ts';
import { instanceCauses, specCauses } from './rules/spec.ts';

const kubeVirtUsers: readonly string[] = Object.values(serviceAccounts).map(userNameOf);
const handlerUser = userNameOf(serviceAccounts.handler);
/** In the token of a service account that is bound to a node or to a pod on it. */
const nodeNameExtra = 'authentication.kubernetes.io/node-name';
const runStrategies: readonly RunStrategy[] = [
  'Halted',
  'Manual',
  'Always',
  'RerunOnFailure',
  'Once',
  'WaitAsReceiver',
];

function isKubeVirt({ userInfo }: ReviewRequest): boolean {
  return kubeVirtUsers.includes(userInfo.username ?? '');
}

/** VMIsMutator in vmi-mutator.go of KubeVirt: defaults for new instances; the status belongs to KubeVirt. */
export function mutateInstance(request: ReviewRequest): Verdict {
  const instance = structuredClone(request.object) as Instance;
  if (request.operation === 'CREATE') {
    fillInstance(instance, new Date());
    const { spec, metadata, status } = instance;
    return {
      patch: [
        { op: 'add', path: '/spec', value: spec },
        { op: 'add', path: '/metadata', value: metadata },
        { op: 'add', path: '/status', value: status },
      ],
    };
  }
  const old = request.oldObject as Instance;
  if (isKubeVirt(request) || isDeepStrictEqual(instance.status ?? {}, old.status ?? {})) return {};
  return { patch: [{ op: 'add', path: '/status', value: old.status ?? {} }] };
}

/** VMICreateAdmitter in vmi-create-admitter.go. */
export function validateNewInstance(request: ReviewRequest): Verdict {
  const { spec, metadata } = request.object as Instance;
  return { causes: [...instanceCauses(spec), ...metadataIsAllowed('metadata', metadata, isKubeVirt(request))] };
}

/** VMIUpdateAdmitter in vmi-update-admitter.go. */
export function validateChangedInstance(request: ReviewRequest): Verdict {
  const instance = request.object as Instance;
  const old = request.oldObject as Instance;
  const nodeCause = nodeRestriction(request, old);
  if (nodeCause) return { causes: [nodeCause] };
  if (isKubeVirt(request)) return {};
  if (!isDeepStrictEqual(instance.spec, old.spec)) {
    return { causes: [notSupported('', 'the spec of an instance cannot be changed')] };
  }
  if (!isDeepStrictEqual(reservedAmong(instance.metadata.labels), reservedAmong(old.metadata.labels))) {
    return { causes: [notSupported('', 'only KubeVirt may change the reserved kubevirt.io/ labels of an instance')] };
  }
  return {};
}

/** The feature gate NodeRestriction: a node's agent changes the instances of that node only. */
function nodeRestriction({ userInfo }: ReviewRequest, { status }: Instance): Cause | undefined {
  if (userInfo.username !== handlerUser) return undefined;
  const node = userInfo.extra?.[nodeNameExtra]?.[0];
  if (node === undefined) return invalid('', 'node restriction: the token of virt-handler names no node');
  const target = status?.migrationState?.targetNode;
  if (node === status?.nodeName || (target && node === target)) return undefined;
  return invalid('', 'node restriction: virt-handler may only change instances of its own node');
}

/** VMIRSAdmitter in vmirs-admitter.go. */
export function validateReplicaSet({ object }: ReviewRequest): Verdict {
  const { selector, template } = (object as ReplicaSet).spec;
  if (!template) return { causes: [required('spec.template', 'spec.template is needed')] };
  const causes = specCauses('spec.template.spec', template.spec);
  const selectorCauses = [...selectorIsValid('spec.selector', selector)];
  if (selectorCauses.length > 0) {
    causes.push(invalid('spec.selector', selectorCauses.map(({ message }) => message).join(', ')));
  } else if (!selectorMatches(selector, template.metadata?.labels)) {
    causes.push(invalid('spec.selector', 'spec.selector does not fit the labels of spec.template'));
  }
  return { causes };
}

/** VMsMutator in vm-mutator.go. */
export function mutateMachine({ object, operation }: ReviewRequest): Verdict {
  const machine = structuredClone(object) as Machine;
  if (machine.metadata.deletionTimestamp) return {};
  fillMachine(machine, operation === 'CREATE');
  return {
    patch: [
      { op: 'add', path: '/spec', value: machine.spec },
      { op: 'add', path: '/metadata', value: machine.metadata },
    ],
  };
}

/** VMsAdmitter in vms-admitter.go: judges the template with the defaults that its instance will get. */
export function validateMachine(request: ReviewRequest): Verdict {
  const { spec, metadata } = structuredClone(request.object) as Machine;
  if (metadata.deletionTimestamp) return {};
  const { template } = spec;
  fillSpec(template.spec);
  const path = 'spec.template.spec';
  if (request.operation === 'CREATE') {
    // KubeVirt names these fields without the template.
    const discontinued = [...bindingsAreNotDiscontinued('spec', template.spec)];
    if (discontinued.length > 0) return { causes: discontinued };
  }
  const causes = [
    ...metadataIsAllowed('spec.template.metadata', template.metadata ?? {}, isKubeVirt(request)),
    ...specCauses(path, template.spec),
    ...runStrategyCauses(spec),
    ...liveUpdateIsPossible(path, template.spec),
  ];
  const warnings = spec.running === undefined ? [] : ['spec.running is deprecated; use spec.runStrategy'];
  return { causes, warnings };
}

/** validateRunStrategy. */
function runStrategyCauses({ running, runStrategy }: Machine['spec']): Cause[] {
  if (running !== undefined && runStrategy !== undefined) {
    return [invalid('spec.running', 'spec.running and spec.runStrategy exclude each other; running is deprecated')];
  }
  if (running === undefined && runStrategy === undefined) {
    return [invalid('spec.running', 'spec.runStrategy is needed')];
  }
  if (runStrategy === undefined || runStrategies.includes(runStrategy)) return [];
  return [invalid('spec.runStrategy', `spec.runStrategy knows no value '${runStrategy}'`)];
}
