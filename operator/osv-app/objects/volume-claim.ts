import type { PersistentVolumeClaim } from '../../kubernetes/index.ts';
import type { AppVolume } from '../effective-spec.ts';
import { appLabels, labels } from '../labels.ts';
import type { AppSpec } from '../model.ts';
import type { Owner } from './owner.ts';

/** Name of the claim of one instance for a volume with a size: as long as app and volume keep their names, the same. */
export function claimName(app: string, volume: string, ordinal: number): string {
  return `${app}-${volume}-${ordinal}`;
}

/** The claim behind a persistent volume of an instance. */
export function claimOfVolume(app: string, { name, persistentVolumeClaim }: AppVolume, ordinal: number): string {
  return persistentVolumeClaim?.claimName ?? claimName(app, name, ordinal);
}

/**
 * The claims of one instance's own volumes. They have no owner: data must not go with an app that was deleted by mistake,
 * or by a definition's removal, so it is for people to delete them (a StatefulSet's default retention policy, Retain).
 */
export function volumeClaims(owner: Owner, spec: Pick<AppSpec, 'volumes'>, ordinal: number): PersistentVolumeClaim[] {
  return (spec.volumes ?? []).flatMap(({ name, size, storageClassName }): PersistentVolumeClaim[] => {
    if (size === undefined) return [];
    return [
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: {
          name: claimName(owner.name, name, ordinal),
          namespace: owner.namespace,
          labels: { ...appLabels(owner.name), [labels.ordinal]: String(ordinal), [labels.volume]: name },
        },
        spec: {
          accessModes: ['ReadWriteOnce'],
          resources: { requests: { storage: size } },
          ...(storageClassName === undefined ? {} : { storageClassName }),
        },
      },
    ];
  });
}
