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

/**
 * The fields of which an object needs exactly one, read from a CEL rule made of `has(self.field)` terms. These are the
 * only CEL rules in the CRD; a test holds it to that.
 */
export function exactlyOneOf(rule: string): string[] {
  return [...rule.matchAll(/has\(self\.(\w+)\)/g)].map((match) => match[1] as string);
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
  if (Array.isArray(rules)) {
    result.exactlyOneOf = exactlyOneOf((rules as { rule: string }[])[0]?.rule ?? '');
  }
  return result;
}

/**
 * The CRD's schema as a strict JSON schema: unknown fields are errors (the API server would drop them), and CEL rules
 * become the keyword `exactlyOneOf`.
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
