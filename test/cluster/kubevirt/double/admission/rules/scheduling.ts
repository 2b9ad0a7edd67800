import type { LabelSelector, Spec } from '../../types.ts';
import { type Causes, invalid } from '../cause.ts';
import { labelKeyProblem, labelValueProblem } from '../words.ts';

type Affinity = NonNullable<Spec['affinity']>;
type NodeSelectorTerm = NonNullable<
  NonNullable<Affinity['nodeAffinity']>['requiredDuringSchedulingIgnoredDuringExecution']
>['nodeSelectorTerms'][number];
type PodAffinityTerm = NonNullable<
  NonNullable<Affinity['podAffinity']>['requiredDuringSchedulingIgnoredDuringExecution']
>[number];

/** validateAffinity in validate-k8s-utils.go of KubeVirt: what Kubernetes itself asks of a pod's affinity. */
export function* affinityIsValid(path: string, { affinity }: Spec): Causes {
  if (!affinity) return;
  yield* nodeAffinityIsValid(`${path}.nodeAffinity`, affinity.nodeAffinity);
  yield* podAffinityIsValid(`${path}.podAffinity`, affinity.podAffinity);
  yield* podAffinityIsValid(`${path}.podAntiAffinity`, affinity.podAntiAffinity);
}

function* nodeAffinityIsValid(path: string, affinity: Affinity['nodeAffinity']): Causes {
  const needed = affinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (needed) {
    const field = `${path}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`;
    if (needed.nodeSelectorTerms.length === 0) yield invalid(field, `${field} needs at least one term`);
    for (const [index, term] of needed.nodeSelectorTerms.entries()) yield* termIsValid(`${field}[${index}]`, term);
  }
  for (const [index, { weight, preference }] of (
    affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  ).entries()) {
    const field = `${path}.preferredDuringSchedulingIgnoredDuringExecution[${index}]`;
    yield* weightIsValid(field, weight);
    yield* termIsValid(`${field}.preference`, preference);
  }
}

function* weightIsValid(field: string, weight: number): Causes {
  if (weight < 1 || weight > 100) yield invalid(`${field}.weight`, `${field}.weight is not between 1 and 100`);
}

function* termIsValid(path: string, { matchExpressions = [], matchFields = [] }: NodeSelectorTerm): Causes {
  for (const [index, { key, operator, values = [] }] of matchExpressions.entries()) {
    const field = `${path}.matchExpressions[${index}]`;
    yield* valuesSuitOperator(field, operator, values);
    const problem = labelKeyProblem(key);
    if (problem) yield invalid(`${field}.key`, `${field}.key '${key}': ${problem}`);
  }
  for (const [index, { key, operator, values = [] }] of matchFields.entries()) {
    const field = `${path}.matchFields[${index}]`;
    if (operator !== 'In' && operator !== 'NotIn')
      yield invalid(`${field}.operator`, `${field} knows In and NotIn only`);
    else if (values.length !== 1) yield invalid(`${field}.values`, `${field} needs exactly one value`);
    if (key !== 'metadata.name') yield invalid(`${field}.key`, `${field}.key can only be metadata.name`);
  }
}

function* valuesSuitOperator(field: string, operator: string, values: readonly string[]): Causes {
  const where = `${field}.values`;
  if (['In', 'NotIn'].includes(operator)) {
    if (values.length === 0) yield invalid(where, `${where} are needed with In and NotIn`);
  } else if (['Exists', 'DoesNotExist'].includes(operator)) {
    if (values.length > 0) yield invalid(where, `${where} have no meaning with Exists and DoesNotExist`);
  } else if (['Gt', 'Lt'].includes(operator)) {
    if (values.length !== 1) yield invalid(where, `${where} has to be one value with Gt and Lt`);
  } else yield invalid(`${field}.operator`, `${field} knows no operator '${operator}'`);
}

function* podAffinityIsValid(path: string, affinity: Affinity['podAffinity']): Causes {
  const needed = affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  for (const [index, term] of needed.entries()) {
    yield* podTermIsValid(`${path}.requiredDuringSchedulingIgnoredDuringExecution[${index}]`, term);
  }
  const preferred = affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  for (const [index, { weight, podAffinityTerm }] of preferred.entries()) {
    const field = `${path}.preferredDuringSchedulingIgnoredDuringExecution[${index}]`;
    yield* weightIsValid(field, weight);
    yield* podTermIsValid(`${field}.podAffinityTerm`, podAffinityTerm);
  }
}

function* podTermIsValid(path: string, { labelSelector, namespaceSelector, topologyKey }: PodAffinityTerm): Causes {
  yield* selectorIsValid(`${path}.labelSelector`, labelSelector as LabelSelector | undefined);
  yield* selectorIsValid(`${path}.namespaceSelector`, namespaceSelector as LabelSelector | undefined);
  if (!topologyKey) yield invalid(`${path}.topologyKey`, `${path}.topologyKey is required`);
  const problem = labelKeyProblem(topologyKey);
  if (problem) yield invalid(`${path}.topologyKey`, `${path}.topologyKey '${topologyKey}': ${problem}`);
}

/** unversionedvalidation.ValidateLabelSelector of Kubernetes. */
export function* selectorIsValid(path: string, selector: LabelSelector | undefined): Causes {
  for (const [key, value] of Object.entries(selector?.matchLabels ?? {})) {
    const keyProblem = labelKeyProblem(key);
    const valueProblem = labelValueProblem(value);
    if (keyProblem) yield invalid(`${path}.matchLabels`, `label key '${key}': ${keyProblem}`);
    if (valueProblem) yield invalid(`${path}.matchLabels`, `label value '${value}': ${valueProblem}`);
  }
  for (const [index, { key, operator, values = [] }] of (selector?.matchExpressions ?? []).entries()) {
    const field = `${path}.matchExpressions[${index}]`;
    if (operator === 'Gt' || operator === 'Lt') yield invalid(`${field}.operator`, `${field} knows no '${operator}'`);
    else yield* valuesSuitOperator(field, operator, values);
    const problem = labelKeyProblem(key);
    if (problem) yield invalid(`${field}.key`, `${field}.key '${key}': ${problem}`);
  }
}

/** validateTopologySpreadConstraints. */
export function* spreadConstraintsAreValid(path: string, { topologySpreadConstraints = [] }: Spec): Causes {
  const field = `${path}.topologySpreadConstraints`;
  for (const [index, constraint] of topologySpreadConstraints.entries()) {
    const { maxSkew, topologyKey, whenUnsatisfiable } = constraint;
    const where = `${field}[${index}]`;
    if (maxSkew <= 0) yield invalid(`${where}.maxSkew`, `${where}.maxSkew has to be greater than 0`);
    const problem = topologyKey ? labelKeyProblem(topologyKey) : 'it is required';
    if (problem) yield invalid(`${where}.topologyKey`, `${where}.topologyKey: ${problem}`);
    if (!['DoNotSchedule', 'ScheduleAnyway'].includes(whenUnsatisfiable)) {
      yield invalid(`${where}.whenUnsatisfiable`, `${where}.whenUnsatisfiable knows no value '${whenUnsatisfiable}'`);
    }
    yield* selectorIsValid(`${field}.labelSelector`, constraint.labelSelector as LabelSelector | undefined);
  }
}
