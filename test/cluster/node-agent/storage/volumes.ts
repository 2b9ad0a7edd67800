import type { KubernetesObject, Resource } from '@osv/operator/kubernetes';

/** As much of these objects as the provisioner reads and writes. */
export interface PersistentVolume extends KubernetesObject {
  spec: {
    capacity: { storage: string };
    accessModes: string[];
    volumeMode?: string;
    storageClassName: string;
    persistentVolumeReclaimPolicy: 'Delete' | 'Retain';
    claimRef: { apiVersion: string; kind: string; namespace: string; name: string; uid: string };
    hostPath?: { path: string };
  };
  status?: { phase?: string };
}

export interface StorageClass extends KubernetesObject {
  provisioner: string;
  reclaimPolicy: 'Delete' | 'Retain';
  volumeBindingMode: 'Immediate' | 'WaitForFirstConsumer';
}

export const persistentVolumes: Resource<PersistentVolume> = {
  group: '',
  version: 'v1',
  plural: 'persistentvolumes',
  kind: 'PersistentVolume',
  namespaced: false,
};

export const storageClasses: Resource<StorageClass> = {
  group: 'storage.k8s.io',
  version: 'v1',
  plural: 'storageclasses',
  kind: 'StorageClass',
  namespaced: false,
};
