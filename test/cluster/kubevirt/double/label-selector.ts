import type { LabelSelector } from './types.ts';

/** Whether the labels fit, as LabelSelectorAsSelector of Kubernetes has it: no selector fits nothing, `{}` all. */
export function selectorMatches(selector: LabelSelector | undefined, labels: Record<string, string> = {}): boolean {
  if (!selector) return false;
  const equal = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  const expressions = selector.matchExpressions ?? [];
  return equal && expressions.every((expression) => expressionMatches(expression, labels));
}

type Expression = NonNullable<LabelSelector['matchExpressions']>[number];

function expressionMatches({ key, operator, values = [] }: Expression, labels: Record<string, string>): boolean {
  const value = labels[key];
  if (operator === 'In') return value !== undefined && values.includes(value);
  if (operator === 'NotIn') return value === undefined || !values.includes(value);
  if (operator === 'Exists') return value !== undefined;
  return value === undefined;
}

/** In the form of `kubectl get --selector`, ordered by key. */
export function formatSelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const parts = [
    ...Object.entries(matchLabels).map(([key, value]) => ({ key, text: `${key}=${value}` })),
    ...matchExpressions.map((expression) => ({ key: expression.key, text: formatExpression(expression) })),
  ];
  return parts
    .sort((left, right) => (left.key < right.key ? -1 : left.key > right.key ? 1 : 0))
    .map(({ text }) => text)
    .join(',');
}

function formatExpression({ key, operator, values = [] }: Expression): string {
  if (operator === 'Exists') return key;
  if (operator === 'DoesNotExist') return `!${key}`;
  return `${key} ${operator === 'In' ? 'in' : 'notin'} (${[...values].sort().join(',')})`;
}
