import { type ApiClient, type ConfigMap, resources } from '../kubernetes/index.ts';
import type { ObjectCache } from '../reconcile-runtime/index.ts';
import type { BuiltImage } from './image-state.ts';

const recordLabel = 'osvapp.dev/image';
const resultKey = 'image.json';

/** Selects the records among the ConfigMaps of the operator's namespace. */
export const imageRecordSelector = `${recordLabel}=true`;

/**
 * One ConfigMap in the operator's namespace for each finished image, so that equal sources share it and a restarted
 * operator builds nothing again.
 */
export class ImageRecords {
  readonly #client: ApiClient;
  readonly #namespace: string;
  readonly #cache: ObjectCache<ConfigMap>;
  /** Written by this process, and perhaps not in the cache yet. */
  readonly #written = new Map<string, BuiltImage>();
  /** By the record: every pass of every app asks for its image. */
  readonly #parsed = new WeakMap<Readonly<ConfigMap>, BuiltImage>();

  constructor(client: ApiClient, namespace: string, cache: ObjectCache<ConfigMap>) {
    this.#client = client;
    this.#namespace = namespace;
    this.#cache = cache;
  }

  synced(): Promise<void> {
    return this.#cache.synced();
  }

  find(key: string): BuiltImage | undefined {
    const record = this.#cache.get({ namespace: this.#namespace, name: recordName(key) });
    const text = record?.data?.[resultKey];
    if (!record || text === undefined) return this.#written.get(key);
    this.#written.delete(key);
    const image = this.#parsed.get(record) ?? (JSON.parse(text) as BuiltImage);
    this.#parsed.set(record, image);
    return image;
  }

  async write(key: string, image: BuiltImage): Promise<void> {
    await this.#client.apply(resources.configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: recordName(key), namespace: this.#namespace, labels: { [recordLabel]: 'true' } },
      data: { [resultKey]: JSON.stringify(image) },
    });
    this.#written.set(key, image);
  }

  /** Hears the key of every record that comes or goes. */
  subscribe(listener: (key: string) => void): () => void {
    return this.#cache.subscribe(({ object }) => listener(object.metadata.name.slice(recordName('').length)));
  }
}

function recordName(key: string): string {
  return `osv-image-${key}`;
}
