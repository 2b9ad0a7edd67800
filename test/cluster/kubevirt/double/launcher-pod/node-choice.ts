import { labels } from '../kubevirt-names.ts';
import type { Instance, Spec } from '../types.ts';

const modelsOfAnyNode = ['host-model', 'host-passthrough'];

type Affinity = NonNullable<Spec['affinity']>;
type Requirement = { key: string; operator: 'DoesNotExist' };

/** Labels that a node must have to run the instance (nodeselectorrenderer.go of KubeVirt). */
export function nodeSelector({ spec }: Instance): Record<string, string> {
  const { cpu, machine } = spec.domain;
  const wanted = [
    cpu?.dedicatedCpuPlacement && labels.cpuManager,
    cpu?.model && !modelsOfAnyNode.includes(cpu.model) && `${labels.cpuModel}${cpu.model}`,
    machine?.type && `${labels.machineType}${machine.type}`,
    cpu?.realtime && 'kubevirt.io/realtime',
    ...(cpu?.features ?? []).map(
      ({ name, policy }) => (!policy || policy === 'require') && `${labels.cpuFeature}${name}`,
    ),
  ];
  return {
    [labels.schedulable]: 'true',
    ...(spec.architecture && { 'kubernetes.io/arch': spec.architecture.toLowerCase() }),
    ...spec.nodeSelector,
    ...Object.fromEntries(wanted.filter((label) => typeof label === 'string' && label).map((label) => [label, 'true'])),
  };
}

/** The instance's own affinity, and away from nodes whose host model is obsolete or has a forbidden feature. */
export function nodeAffinity({ spec }: Instance): Affinity | undefined {
  const { cpu } = spec.domain;
  const rejected = [
    ...(!cpu?.model || cpu.model === 'host-model' ? [labels.obsoleteHostModel] : []),
    ...(cpu?.features ?? []).filter(({ policy }) => policy === 'forbid').map(({ name }) => labels.cpuFeature + name),
  ];
  return rejected.reduce<Affinity | undefined>(rejectingNodesWith, spec.affinity && structuredClone(spec.affinity));
}

/** modifyNodeAffintyToRejectLabel in template.go: terms are alternatives, so each of them gets the requirement. */
function rejectingNodesWith(affinity: Affinity | undefined, key: string): Affinity {
  const requirement: Requirement = { key, operator: 'DoesNotExist' };
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const terms = required
    ? required.nodeSelectorTerms.map((term) => ({
        ...term,
        matchExpressions: [...(term.matchExpressions ?? []), requirement],
      }))
    : [{ matchExpressions: [requirement] }];
  return {
    ...affinity,
    nodeAffinity: {
      ...affinity?.nodeAffinity,
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms },
    },
  } as Affinity;
}
