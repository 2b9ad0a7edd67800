import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import type { Pod } from '@osv/operator/kubernetes';
import { NodeAgentError } from '../error.ts';
import type { PodVolume } from './container.ts';
import { podField } from './pod-fields.ts';
import type { Files, PodObjects } from './pod-objects.ts';

interface KeyToPath {
  key: string;
  path: string;
}

type DownwardItem = NonNullable<NonNullable<PodVolume['downwardAPI']>['items']>[number];

const tokenSecondsDefault = 3600;
/** Kubelets renew a token when this part of its life is over. */
const tokenAge = 0.8;

/** The volumes of a pod as folders of this machine. */
export class PodVolumes {
  readonly #pod: Readonly<Pod>;
  readonly #objects: PodObjects;
  readonly #folder: string;
  readonly #podAddress: string;
  readonly #tokens = new Map<string, { text: string; renewAt: number }>();

  constructor(options: { pod: Readonly<Pod>; objects: PodObjects; folder: string; podAddress: string }) {
    this.#pod = options.pod;
    this.#objects = options.objects;
    this.#folder = options.folder;
    this.#podAddress = options.podAddress;
  }

  /** Makes all volumes, or gives those that there are their present content. @throws NodeAgentError */
  async refresh(): Promise<void> {
    for (const volume of this.#pod.spec?.volumes ?? []) {
      if (volume.hostPath) continue;
      const folder = join(this.#folder, volume.name);
      await mkdir(folder, { recursive: true });
      if (!volume.emptyDir) await writeFiles(folder, await this.#files(volume));
    }
  }

  /** @throws NodeAgentError not-found */
  path(name: string, subPath = ''): string {
    const volume = this.#pod.spec?.volumes?.find((each) => each.name === name);
    if (!volume) throw new NodeAgentError('not-found', `The pod has no volume ${name}.`);
    return join(volume.hostPath?.path ?? join(this.#folder, name), subPath);
  }

  /** Whether containers can only read it. */
  isReadOnly(name: string): boolean {
    const volume = this.#pod.spec?.volumes?.find((each) => each.name === name);
    return !volume?.emptyDir && !volume?.hostPath;
  }

  async #files(volume: PodVolume): Promise<Files> {
    const { configMap, secret, downwardAPI, projected } = volume;
    if (configMap) return chosen(await this.#objects.configMap(configMap.name, configMap.optional), configMap.items);
    if (secret) return chosen(await this.#objects.secret(secret.secretName, secret.optional), secret.items);
    if (downwardAPI) return this.#downward(downwardAPI.items);
    if (!projected) {
      throw new NodeAgentError('unsupported', `The node agent cannot mount volume ${volume.name} of this kind.`);
    }
    const files: Files = {};
    for (const source of projected.sources ?? []) {
      const { configMap: map, secret: hidden, downwardAPI: fields, serviceAccountToken: token } = source;
      if (map) Object.assign(files, chosen(await this.#objects.configMap(map.name, map.optional), map.items));
      if (hidden) Object.assign(files, chosen(await this.#objects.secret(hidden.name, hidden.optional), hidden.items));
      if (fields) Object.assign(files, this.#downward(fields.items));
      if (token) files[token.path] = await this.#token(token.audience, token.expirationSeconds);
    }
    return files;
  }

  #downward(items: readonly DownwardItem[] = []): Files {
    return Object.fromEntries(
      items.map(({ path, fieldRef }) => [path, podField(this.#pod, fieldRef?.fieldPath ?? '', this.#podAddress)]),
    );
  }

  async #token(audience: string | undefined, seconds = tokenSecondsDefault): Promise<string> {
    const key = `${audience}/${seconds}`;
    const present = this.#tokens.get(key);
    if (present && present.renewAt > Date.now()) return present.text;
    const renewAt = Date.now() + seconds * 1000 * tokenAge;
    const text = await this.#objects.token(audience, seconds);
    this.#tokens.set(key, { text, renewAt });
    return text;
  }
}

function chosen(files: Files, items: readonly KeyToPath[] | undefined): Files {
  if (!items?.length) return files;
  return Object.fromEntries(
    items.flatMap(({ key, path }) => {
      const content = files[key];
      return content === undefined ? [] : [[path, content]];
    }),
  );
}

/** Whoever reads one of them sees the old content or the new one, whole. */
async function writeFiles(folder: string, files: Files): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    if (!path.startsWith(folder + sep)) continue;
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.new`, content);
    await rename(`${path}.new`, path);
  }
}
