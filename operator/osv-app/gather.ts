import type { ImageBuilder } from '../images/image-builder.ts';
import { imageOf } from '../images/image-key.ts';
import type {
  ApiClient,
  KubernetesObject,
  NetworkPolicy,
  ObjectReference,
  OsvApp,
  PodDisruptionBudget,
  PodMonitor,
  Service,
  VirtualMachine,
  VirtualMachineInstance,
  VirtualMachineInstanceReplicaSet,
} from '../kubernetes/index.ts';
import type { ObjectCache } from '../reconcile-runtime/index.ts';
import type { EndedInstances } from './ended-instances.ts';
import type { GuestFacts, Observed } from './model.ts';
import { controllerUid } from './objects/owner.ts';
import { crashOf, observeInstance, observeMachine, observeSet } from './observe.ts';
import { readReferences } from './references.ts';
import type { SetMends } from './set-mends.ts';

/** What passes read from memory; everything here is kept up to date by watches. */
export interface AppCaches {
  readonly apps: ObjectCache<OsvApp>;
  readonly sets: ObjectCache<VirtualMachineInstanceReplicaSet>;
  readonly machines: ObjectCache<VirtualMachine>;
  readonly instances: ObjectCache<VirtualMachineInstance>;
  readonly services: ObjectCache<Service>;
  readonly networkPolicies: ObjectCache<NetworkPolicy>;
  readonly disruptionBudgets: ObjectCache<PodDisruptionBudget>;
  /** Undefined where the cluster has no Prometheus operator. */
  readonly podMonitors: ObjectCache<PodMonitor> | undefined;
}

/** Name of the index of sets, machines and instances by the UID of the object that controls them. */
export const ownerIndex = 'controller-uid';

export function addOwnerIndexes({ sets, machines, instances }: AppCaches): void {
  const byController = (object: KubernetesObject) => {
    const uid = controllerUid(object);
    return uid === undefined ? [] : [uid];
  };
  sets.addIndex(ownerIndex, byController);
  machines.addIndex(ownerIndex, byController);
  instances.addIndex(ownerIndex, byController);
}

export interface GatherSources {
  readonly client: ApiClient;
  readonly caches: AppCaches;
  readonly images: ImageBuilder;
  readonly guests: { readonly facts: ReadonlyMap<string, GuestFacts>; readonly silent: ReadonlySet<string> };
  readonly ended: Pick<EndedInstances, 'has' | 'crashesOf'>;
  readonly mends: Pick<SetMends, 'known'>;
  readonly now: () => Date;
}

/** Looks at everything that one pass decides by; only ConfigMaps and Secrets are asked for, all else is in memory. */
export async function gather(sources: GatherSources, app: OsvApp): Promise<Observed> {
  const { client, caches, images, guests, ended, mends, now } = sources;
  const { name, namespace = '', uid = '' } = app.metadata;
  const own: ObjectReference = { name, namespace };
  const referenced = await readReferences(client, namespace, app.spec);
  const sets = caches.sets.byIndex(ownerIndex, uid);
  const machines = caches.machines.byIndex(ownerIndex, uid);
  const instances = [...sets, ...machines].flatMap(({ metadata }) =>
    caches.instances.byIndex(ownerIndex, metadata.uid ?? ''),
  );
  const image = imageOf(app, images);
  const time = now();
  return {
    app,
    now: time,
    image: { ...image, state: images.state(image.key) },
    referenced,
    sets: sets.map(observeSet),
    mends: mends.known,
    machines: machines.map(observeMachine),
    instances: instances.map(observeInstance),
    crashes: instances.flatMap((instance) => crashOf(instance, ended.has(instance.metadata.uid)) ?? []),
    crashesOfGone: [...sets, ...machines].flatMap(({ metadata }) => ended.crashesOf(metadata.uid, time)),
    guests: guests.facts,
    silentGuests: guests.silent,
    owned: {
      service: caches.services.get(own),
      networkPolicy: caches.networkPolicies.get(own),
      disruptionBudget: caches.disruptionBudgets.get(own),
      podMonitor: caches.podMonitors?.get(own),
    },
    podMonitors: caches.podMonitors !== undefined,
  };
}
