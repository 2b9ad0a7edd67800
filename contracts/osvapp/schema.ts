import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/** A JSON schema, or the part of a structural OpenAPI schema that CRDs use. */
export interface Schema {
  [keyword: string]: unknown;
  type?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: Schema | boolean;
}

interface CustomResourceDefinition {
  spec: { group: string; names: { kind: string }; versions: { name: string; schema: { openAPIV3Schema: Schema } }[] };
}

const crdPath = join(import.meta.dirname, '../../crds/osvapp.yaml');

/** The OsvApp API's group and version, kind and structural schema, as the API server gets them. */
export function osvAppDefinition(): { apiVersion: string; kind: string; schema: Schema } {
  const crd = parse(readFileSync(crdPath, 'utf8')) as CustomResourceDefinition;
  const version = crd.spec.versions[0];
  if (!version) throw new Error('crds/osvapp.yaml holds no version');
  return {
    apiVersion: `${crd.spec.group}/${version.name}`,
    kind: crd.spec.names.kind,
    schema: version.schema.openAPIV3Schema,
  };
}

/** One of the CEL rules that the API server holds objects to (`x-kubernetes-validations`). */
export interface Rule {
  readonly rule: string;
  readonly message: string;
}

/**
 * The fields of which an object needs exactly one, when that is what a CEL rule says; undefined for any other rule.
 * Such a rule is a sum over `has(self.field)` terms, or `!=` between two.
 */
export function exactlyOneOf(rule: string): string[] | undefined {
  const fields = [...rule.matchAll(/has\(self\.(\w+)\)/g)].map((match) => match[1] as string);
  const terms = fields.map((field) => `has(self.${field})`);
  const forms = [`[${terms.join(', ')}].filter(x, x).size() == 1`, terms.join(' != ')];
  return fields.length > 1 && forms.includes(rule) ? fields : undefined;
}

function closed(schema: Schema): Schema {
  const { 'x-kubernetes-validations': rules, ...rest } = schema;
  const result: Schema = {};
  for (const [keyword, value] of Object.entries(rest)) {
    if (keyword.startsWith('x-kubernetes-')) continue;
    result[keyword] = value;
  }
  if (schema.properties) {
    result.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([name, property]) => [name, closed(property)]),
    );
    result.additionalProperties = false;
  }
  if (schema.items) result.items = closed(schema.items);
  const others: Rule[] = [];
  for (const rule of (rules ?? []) as Rule[]) {
    const fields = exactlyOneOf(rule.rule);
    if (fields) result.exactlyOneOf = fields;
    else others.push(rule);
  }
  if (others.length > 0) result.rules = others;
  return result;
}

/**
 * The CRD's schema as a strict JSON schema: unknown fields are errors (the API server would drop them), and CEL rules
 * become the keywords `exactlyOneOf`, which can say more than the rule's message, and `rules`.
 */
export function strictSchema(): Schema {
  const { apiVersion, kind, schema } = osvAppDefinition();
  const strict = closed(schema);
  strict.properties = {
    ...strict.properties,
    apiVersion: { type: 'string', enum: [apiVersion] },
    kind: { type: 'string', enum: [kind] },
    metadata: {
      type: 'object',
      required: ['name'],
      properties: {
        name: { type: 'string', pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$' },
        namespace: { type: 'string' },
        labels: { type: 'object', additionalProperties: { type: 'string' } },
        annotations: { type: 'object', additionalProperties: { type: 'string' } },
      },
    },
  };
  strict.required = ['apiVersion', 'kind', 'metadata', 'spec'];
  return strict;
}

/** The strict schema plus what only one machine can do: `spec.source.directory`, a folder beside the file. */
export function localSchema(): Schema {
  const schema = strictSchema();
  const source = schema.properties?.spec?.properties?.source;
  if (!source?.properties) throw new Error('the OsvApp schema has no spec.source');
  source.properties.directory = {
    type: 'object',
    required: ['path'],
    additionalProperties: false,
    properties: { path: { type: 'string', minLength: 1 } },
  };
  source.exactlyOneOf = [...(source.exactlyOneOf as string[]), 'directory'];
  return schema;
}
