import { remedies } from '../../cli/cluster/explain/remedies.ts';
import { conditionMeanings, reasons } from '../../operator/osv-app/reasons.ts';
import { osvAppDefinition, type Rule, type Schema } from '../osvapp/schema.ts';
import { fieldSections } from './api-fields.ts';

const subject = { name: 'NAME', namespace: 'NAMESPACE', instance: 'INSTANCE', programName: 'osv' };

function conditions(): string {
  const sections = Object.entries(reasons).map(([type, table]) => {
    const rows = Object.entries(table).map(
      ([reason, { status, meaning }]) => `| \`${reason}\` | ${status} | ${meaning} |`,
    );
    const meaning = conditionMeanings[type as keyof typeof conditionMeanings];
    return `### ${type}\n\n${meaning}\n\n| reason | status | meaning |\n|---|---|---|\n${rows.join('\n')}`;
  });
  return sections.join('\n\n');
}

function whatToDo(): string {
  const stated = new Set(Object.values(reasons).flatMap((table) => Object.keys(table)));
  const rows = Object.entries(remedies)
    .filter(([reason]) => stated.has(reason))
    .map(([reason, remedy]) => `| \`${reason}\` | ${remedy(subject)} |`);
  return `| reason | what to do |\n|---|---|\n${rows.join('\n')}`;
}

function part(schema: Schema, name: 'spec' | 'status'): string {
  const own = schema.properties?.[name];
  if (!own) throw new Error(`the OsvApp schema has no ${name}`);
  return fieldSections(own, name).join('\n\n');
}

/** `docs/api/osvapp.md`: every field, rule, condition and reason of an OsvApp. */
export function apiPage(): string {
  const { apiVersion, kind, schema } = osvAppDefinition();
  const rules = ((schema['x-kubernetes-validations'] ?? []) as Rule[]).map(({ message }) => `- ${message}`);
  return `<!-- Generated from crds/osvapp.yaml and operator/osv-app/reasons.ts by \`npm run generate\`; do not edit. -->
# ${kind}

${schema.description}. \`apiVersion: ${apiVersion}\`, \`kind: ${kind}\`, short name \`osv\`, namespaced.

\`kubectl explain osvapp.spec\` says the same in a terminal. Nothing is ever written into a spec but what its owner
writes: a field that is left out stays out, and has the meaning told here. \`kubectl scale\` and autoscalers use the scale
subresource. [The guide](../guide/osvapp.md) explains by examples.

${rules.join('\n')}

## What is wanted

${part(schema, 'spec')}

## What is

${part(schema, 'status')}

## Conditions and their reasons

${conditions()}

## What to do about a reason

\`osv status NAME\` says the same with the names filled in. Reasons that are not here mend themselves, or are well.

${whatToDo()}
`;
}
