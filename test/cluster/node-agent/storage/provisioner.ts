import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ApiClient,
  isAlreadyExists,
  keyOf,
  type PersistentVolumeClaim,
  referenceOf,
  resources,
} from '@osv/operator/kubernetes';
import { Controller, type Logger, Reflector } from '@osv/operator/reconcile-runtime';
import { type PersistentVolume, persistentVolumes, type StorageClass, storageClasses } from './volumes.ts';

/** Name by which StorageClasses, claims and volumes speak of this provisioner. */
export const provisioner = 'osvapp.dev/folder';
export const storageClassName = 'folder';

/** Annotations of kube-controller-manager, scheduler and provisioners (Kubernetes documentation, "Well-Known Labels"). */
const annotations = {
  isDefault: 'storageclass.kubernetes.io/is-default-class',
  provisioner: 'volume.kubernetes.io/storage-provisioner',
  node: 'volume.kubernetes.io/selected-node',
  provisionedBy: 'pv.kubernetes.io/provisioned-by',
};

export interface ProvisionerOptions {
  client: ApiClient;
  /** Holds a folder for each volume. */
  folder: string;
  logger: Logger;
}

/**
 * Gives each claim of the default StorageClass a folder of this machine, once the scheduler has chosen a node for the pod
 * that uses it; kube-controller-manager binds the two. All nodes are on this machine, so a volume is reached from each.
 * The folder goes with its volume, that with its claim.
 */
export class FolderProvisioner {
  readonly #options: ProvisionerOptions;
  readonly #claims: Reflector<PersistentVolumeClaim>;
  readonly #volumes: Reflector<PersistentVolume>;

  constructor(options: ProvisionerOptions) {
    this.#options = options;
    const follow = { client: options.client, logger: options.logger };
    this.#claims = new Reflector({ ...follow, resource: resources.persistentVolumeClaims });
    this.#volumes = new Reflector({ ...follow, resource: persistentVolumes });
  }

  /** Makes the StorageClass, then works until the signal is aborted. */
  async start(signal: AbortSignal): Promise<void> {
    await this.#makeClass();
    const { logger } = this.#options;
    const claims = new Controller({ name: 'claims', reconcile: (key) => this.#provide(key), logger });
    const volumes = new Controller({ name: 'volumes', reconcile: (key) => this.#reclaim(key), logger });
    claims.watch(this.#claims.cache, ({ object }) => [keyOf(object.metadata)]);
    volumes.watch(this.#volumes.cache, ({ object }) => [keyOf(object.metadata)]);
    await Promise.all([this.#claims, this.#volumes, claims, volumes].map((each) => each.start(signal)));
  }

  async #makeClass(): Promise<void> {
    const folderClass: StorageClass = {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: storageClassName, annotations: { [annotations.isDefault]: 'true' } },
      provisioner,
      reclaimPolicy: 'Delete',
      volumeBindingMode: 'WaitForFirstConsumer',
    };
    try {
      await this.#options.client.create(storageClasses, folderClass);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }

  async #provide(key: string): Promise<void> {
    const claim = this.#claims.cache.get(referenceOf(key));
    const asked = claim?.metadata.annotations ?? {};
    if (!claim || claim.metadata.deletionTimestamp || claim.spec?.volumeName) return;
    if (asked[annotations.provisioner] !== provisioner || !asked[annotations.node]) return;
    const { namespace = '', name, uid = '' } = claim.metadata;
    const { accessModes = [], volumeMode = 'Filesystem', resources: wanted } = claim.spec ?? {};
    const volumeName = `pvc-${uid}`;
    const volume: PersistentVolume = {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: volumeName, annotations: { [annotations.provisionedBy]: provisioner } },
      spec: {
        capacity: { storage: wanted?.requests?.storage ?? '1Gi' },
        accessModes,
        volumeMode,
        storageClassName: claim.spec?.storageClassName ?? '',
        persistentVolumeReclaimPolicy: 'Delete',
        claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid },
        hostPath: { path: join(this.#options.folder, volumeName) },
      },
    };
    try {
      await this.#options.client.create(persistentVolumes, volume);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }

  async #reclaim(key: string): Promise<void> {
    const volume = this.#volumes.cache.get(referenceOf(key));
    if (volume?.status?.phase !== 'Released' || volume.metadata.deletionTimestamp) return;
    if (volume.metadata.annotations?.[annotations.provisionedBy] !== provisioner) return;
    if (volume.spec.persistentVolumeReclaimPolicy !== 'Delete') return;
    await rm(join(this.#options.folder, volume.metadata.name), { recursive: true, force: true });
    const { uid } = volume.metadata;
    await this.#options.client.delete(persistentVolumes, volume.metadata, uid ? { uid } : {});
  }
}
