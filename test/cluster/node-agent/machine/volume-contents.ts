import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { parseMemorySize } from '@osv/local';
import { type ApiClient, resources } from '@osv/operator/kubernetes';
import { NodeAgentError } from '../error.ts';
import type { Volume } from './plan.ts';

export interface IsoContents {
  label: string;
  files: Record<string, string | Buffer>;
}

type Reader = Pick<ApiClient, 'get' | 'raw'>;

/** KubeVirt's label for ConfigMaps and Secrets as disks. */
const configurationLabel = 'cfgdata';
/** By which cloud-init finds its NoCloud source (cloud-init documentation, "NoCloud"). */
const cloudInitLabel = 'cidata';

/** Reads what a VMI's volumes hold from the API: fresh at each start, as a pod's volumes are. */
export class VolumeContents {
  readonly #client: Reader;
  readonly #namespace: string;
  readonly #name: string;

  /** @param guest the VMI that the volumes belong to */
  constructor(client: Reader, guest: { namespace: string; name: string }) {
    this.#client = client;
    this.#namespace = guest.namespace;
    this.#name = guest.name;
  }

  /** A quantity in bytes. */
  bytes(quantity: string): number {
    return parseMemorySize(quantity);
  }

  /** @returns undefined for a volume that does not come out of the API @throws NodeAgentError not-found */
  async iso(volume: Volume): Promise<IsoContents | undefined> {
    if (volume.secret) {
      const { secretName = '', optional, volumeLabel } = volume.secret;
      return { label: volumeLabel || configurationLabel, files: await this.#secret(secretName, optional) };
    }
    if (volume.configMap) {
      const { name = '', optional, volumeLabel } = volume.configMap;
      return { label: volumeLabel || configurationLabel, files: await this.#configMap(name, optional) };
    }
    if (volume.cloudInitNoCloud)
      return { label: cloudInitLabel, files: await this.#cloudInit(volume.cloudInitNoCloud) };
    return undefined;
  }

  /**
   * The disk of a claim: `disk.img` in the folder of its volume, made sparse in the volume's size if it is not there.
   *
   * @throws NodeAgentError not-found while it is not bound, unsupported for volumes that lie on no folder of this machine
   */
  async claimFile(claimName: string): Promise<string> {
    const reference = { namespace: this.#namespace, name: claimName };
    const claim = await this.#client.get(resources.persistentVolumeClaims, reference);
    const volumeName = claim?.spec?.volumeName;
    if (!volumeName) throw new NodeAgentError('not-found', `The PersistentVolumeClaim ${claimName} is not bound.`);
    const { status, body } = await this.#client.raw('GET', `/api/v1/persistentvolumes/${volumeName}`);
    if (status !== 200) throw new NodeAgentError('not-found', `The PersistentVolume ${volumeName} cannot be read.`);
    const { spec }: { spec: PersistentVolumeSpec } = JSON.parse(body);
    const folder = spec.hostPath?.path ?? spec.local?.path;
    if (folder === undefined) {
      throw new NodeAgentError('unsupported', `The PersistentVolume ${volumeName} is neither hostPath nor local.`);
    }
    if (spec.volumeMode === 'Block') return folder;
    await mkdir(folder, { recursive: true });
    const path = join(folder, 'disk.img');
    const file = await open(path, 'a', 0o660);
    try {
      if ((await file.stat()).size === 0) await file.truncate(parseMemorySize(spec.capacity?.storage ?? '1Gi'));
    } finally {
      await file.close();
    }
    return path;
  }

  async #secret(name: string, optional = false): Promise<Record<string, Buffer>> {
    const secret = await this.#client.get(resources.secrets, { namespace: this.#namespace, name });
    if (!secret && !optional)
      throw new NodeAgentError('not-found', `The Secret ${this.#namespace}/${name} is not there.`);
    const entries = Object.entries(secret?.data ?? {});
    return Object.fromEntries(entries.map(([key, value]) => [key, Buffer.from(value, 'base64')]));
  }

  async #configMap(name: string, optional = false): Promise<Record<string, string | Buffer>> {
    const map = await this.#client.get(resources.configMaps, { namespace: this.#namespace, name });
    if (!map && !optional)
      throw new NodeAgentError('not-found', `The ConfigMap ${this.#namespace}/${name} is not there.`);
    const binary = Object.entries(map?.binaryData ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')]);
    return { ...map?.data, ...Object.fromEntries(binary) };
  }

  async #cloudInit(source: NonNullable<Volume['cloudInitNoCloud']>): Promise<Record<string, string | Buffer>> {
    const part = async (inline?: string, base64?: string, secretName?: string, keys: string[] = []) => {
      if (inline !== undefined) return inline;
      if (base64 !== undefined) return Buffer.from(base64, 'base64');
      if (secretName === undefined) return undefined;
      const secret = await this.#secret(secretName);
      return keys.map((key) => secret[key]).find((value) => value !== undefined);
    };
    const user = await part(source.userData, source.userDataBase64, source.secretRef?.name, ['userdata', 'userData']);
    const network = await part(source.networkData, source.networkDataBase64, source.networkDataSecretRef?.name, [
      'networkdata',
      'networkData',
    ]);
    const metaData = { 'instance-id': `${this.#name}.${this.#namespace}`, 'local-hostname': this.#name };
    return {
      'meta-data': JSON.stringify(metaData),
      'user-data': user ?? '',
      ...(network === undefined ? {} : { 'network-config': network }),
    };
  }
}

interface PersistentVolumeSpec {
  capacity?: { storage?: string };
  volumeMode?: string;
  hostPath?: { path: string };
  local?: { path: string };
}
