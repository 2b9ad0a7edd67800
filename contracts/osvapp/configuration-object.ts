import type { Schema } from './schema.ts';
import type { Problem } from './validate.ts';

/** A ConfigMap or Secret as one machine takes it from a file: what apps read from it. */
export interface ConfigurationObject {
  kind: 'ConfigMap' | 'Secret';
  name: string;
  namespace: string | undefined;
  /** By key. */
  data: ReadonlyMap<string, Buffer>;
}

/** A document of one of these kinds, once its problems were looked for. */
interface Manifest {
  kind: ConfigurationObject['kind'];
  metadata: { name: string; namespace?: string };
  data?: Record<string, string> | null;
  binaryData?: Record<string, string> | null;
  stringData?: Record<string, string> | null;
}

const texts: Schema = { type: 'object', nullable: true, additionalProperties: { type: 'string' } };

/** Fields of the Kubernetes API, core/v1. */
const ownFields = {
  ConfigMap: { data: texts, binaryData: texts },
  Secret: { data: texts, stringData: texts, type: { type: 'string' } },
} satisfies Record<ConfigurationObject['kind'], Record<string, Schema>>;

/** Of which kind a document is, judged by `kind` alone. */
export function configurationKind(document: unknown): ConfigurationObject['kind'] | undefined {
  const kind = (document as { kind?: unknown } | null)?.kind;
  return kind === 'ConfigMap' || kind === 'Secret' ? kind : undefined;
}

/** JSON schema of a ConfigMap or Secret in which unknown fields are errors. */
export function configurationSchema(kind: ConfigurationObject['kind']): Schema {
  return {
    type: 'object',
    required: ['apiVersion', 'kind', 'metadata'],
    additionalProperties: false,
    properties: {
      apiVersion: { type: 'string', enum: ['v1'] },
      kind: { type: 'string', enum: [kind] },
      metadata: {
        type: 'object',
        required: ['name'],
        properties: { name: { type: 'string', minLength: 1 }, namespace: { type: 'string' } },
      },
      immutable: { type: 'boolean' },
      ...ownFields[kind],
    },
  };
}

const base64 = /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Which fields hold base64, and which text. */
const encodedField = { ConfigMap: 'binaryData', Secret: 'data' } as const;
const textField = { ConfigMap: 'data', Secret: 'stringData' } as const;

/**
 * What a schema cannot say about a document that suits it: keys become names of files, so the API server allows
 * letters, digits, `-`, `_` and `.` in them, and neither `.` nor `..` at their start as a whole.
 */
export function configurationProblems(document: unknown): Problem[] {
  const manifest = document as Manifest;
  const encoded = encodedField[manifest.kind];
  return [encoded, textField[manifest.kind]].flatMap((field) =>
    Object.entries(manifest[field] ?? {}).flatMap(([key, value]): Problem[] => {
      const path = [field, key];
      if (!/^[-._a-zA-Z0-9]{1,253}$/.test(key) || key === '.' || key.startsWith('..')) {
        const words = 'letters, digits, "-", "_" and ".", 253 of them at most, and ".." not at its start';
        return [{ path, sentence: `${field} cannot have the key ${JSON.stringify(key)}; a key has ${words}` }];
      }
      if (field === encoded && !base64.test(value.replaceAll(/[\r\n]/g, ''))) {
        return [{ path, sentence: `${field}.${key} is no base64; text belongs into ${textField[manifest.kind]}` }];
      }
      return [];
    }),
  );
}

/** Reads a document without problems; a Secret's stringData wins over its data, as at the API server. */
export function configurationObject(document: unknown): ConfigurationObject {
  const manifest = document as Manifest;
  const decoded = (field: 'data' | 'binaryData' | 'stringData', encoding: 'base64' | 'utf8') =>
    Object.entries(manifest[field] ?? {}).map(([key, value]) => [key, Buffer.from(value, encoding)] as const);
  const { kind } = manifest;
  return {
    kind,
    name: manifest.metadata.name,
    namespace: manifest.metadata.namespace,
    data: new Map([...decoded(encodedField[kind], 'base64'), ...decoded(textField[kind], 'utf8')]),
  };
}
