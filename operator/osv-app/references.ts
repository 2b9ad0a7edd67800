import { type ApiClient, type ObjectReference, resources } from '../kubernetes/index.ts';
import type { AppSpec, ReferencedData } from './model.ts';
import { canonicalDigest } from './revision.ts';

type Kind = 'ConfigMap' | 'Secret';

export function refersToObjects(spec: AppSpec): boolean {
  return (
    (spec.env ?? []).some(({ valueFrom }) => valueFrom) ||
    (spec.volumes ?? []).some(({ configMap, secret }) => configMap || secret)
  );
}

/**
 * Reads the ConfigMaps and Secrets that an app names, each by its name: the operator may list neither, so that it never
 * holds what no app uses.
 */
export async function readReferences(client: ApiClient, namespace: string, spec: AppSpec): Promise<ReferencedData> {
  const reader = new ReferenceReader(client, namespace);
  const environment = new Map<string, string>();
  const missing: string[] = [];
  const seen: Record<string, unknown> = {};
  for (const { name, valueFrom } of spec.env ?? []) {
    const reference = valueFrom?.secretKeyRef ?? valueFrom?.configMapKeyRef;
    if (!reference) continue;
    const kind = valueFrom?.secretKeyRef ? 'Secret' : 'ConfigMap';
    const data = await reader.read(kind, reference.name);
    const value = data?.get(reference.key);
    if (value !== undefined) {
      environment.set(name, value.toString('utf8'));
      seen[`env/${name}`] = value.toString('base64');
    } else if (!reference.optional) {
      missing.push(
        data
          ? `The ${kind} ${reference.name} has no key ${reference.key}, which the variable ${name} takes its value from.`
          : `The ${kind} ${reference.name} does not exist; the variable ${name} takes its value from it.`,
      );
    }
  }
  for (const volume of spec.volumes ?? []) {
    const kind = volume.secret ? 'Secret' : 'ConfigMap';
    const name = volume.secret?.secretName ?? volume.configMap?.name;
    if (name === undefined) continue;
    const data = await reader.read(kind, name);
    if (data) seen[`volume/${volume.name}`] = [...data].map(([key, value]) => [key, value.toString('base64')]).sort();
    else missing.push(`The ${kind} ${name} does not exist; the volume ${volume.name} shows it.`);
  }
  return { digest: canonicalDigest(seen), environment, missing };
}

/** Asks for each object once a pass. */
class ReferenceReader {
  readonly #client: ApiClient;
  readonly #namespace: string;
  readonly #objects = new Map<string, Promise<Map<string, Buffer> | undefined>>();

  constructor(client: ApiClient, namespace: string) {
    this.#client = client;
    this.#namespace = namespace;
  }

  read(kind: Kind, name: string): Promise<Map<string, Buffer> | undefined> {
    const key = `${kind}/${name}`;
    const known = this.#objects.get(key);
    if (known) return known;
    const read = this.#read(kind, { namespace: this.#namespace, name });
    this.#objects.set(key, read);
    return read;
  }

  async #read(kind: Kind, reference: ObjectReference): Promise<Map<string, Buffer> | undefined> {
    if (kind === 'Secret') {
      const secret = await this.#client.get(resources.secrets, reference);
      return secret && decoded(secret.data, 'base64');
    }
    const configMap = await this.#client.get(resources.configMaps, reference);
    return configMap && new Map([...decoded(configMap.data, 'utf8'), ...decoded(configMap.binaryData, 'base64')]);
  }
}

function decoded(data: Record<string, string> | undefined, encoding: 'utf8' | 'base64'): Map<string, Buffer> {
  return new Map(Object.entries(data ?? {}).map(([key, value]) => [key, Buffer.from(value, encoding)]));
}
