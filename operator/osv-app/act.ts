import { randomBytes } from 'node:crypto';
import { type BootConfiguration, bootConfigurationText } from '@osv/contracts';
import type { ImageBuilder } from '../images/image-builder.ts';
import {
  type ApiClient,
  isAlreadyExists,
  isConflict,
  type KubernetesObject,
  type OsvApp,
  type PersistentVolumeClaim,
  type Resource,
  resources,
  type Secret,
} from '../kubernetes/index.ts';
import type { EventRecorder } from '../reconcile-runtime/index.ts';
import { needsApply } from './drift.ts';
import { annotations, appLabels, labels } from './labels.ts';
import { mendSet } from './mend-set.ts';
import type { Action } from './model.ts';
import { controllerUid, ownerReference } from './objects/owner.ts';
import { setContents } from './set-contents.ts';
import type { SetMends } from './set-mends.ts';

export interface Effects {
  readonly client: ApiClient;
  readonly images: ImageBuilder;
  readonly events: EventRecorder;
  readonly mends: Pick<SetMends, 'mended'>;
  readonly now: () => Date;
  /** Told of every object that was written, as the server answered it. */
  readonly wrote: (app: OsvApp, resource: Resource, object: KubernetesObject) => void;
}

/**
 * Carries out the actions of one pass, in order, but for neighbours that do not need each other, which go at once: a new
 * app waits for three answers of the API server one after the other instead of for seven. The first that fails ends it;
 * the next pass sees how far it came.
 */
export async function act(effects: Effects, app: OsvApp, actions: readonly Action[]): Promise<void> {
  for (const step of stepsOf(actions)) {
    const results = await Promise.allSettled(step.map((action) => carryOut(effects, app, action)));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }
}

/** What starts, moves or removes instances waits for all that comes before it, such as the policy over their network. */
export function stepsOf(actions: readonly Action[]): Action[][] {
  const steps: Action[][] = [];
  let open = false;
  for (const action of actions) {
    const alone = !isIndependent(action);
    if (open && !alone) steps.at(-1)?.push(action);
    else steps.push([action]);
    open = !alone;
  }
  return steps;
}

const startsInstances = new Set<Resource>([resources.virtualMachineInstanceReplicaSets, resources.virtualMachines]);
const independent = new Set<Action['type']>(['ensure-boot-secret', 'ensure-claim', 'event', 'build-image']);

function isIndependent(action: Action): boolean {
  if (action.type === 'apply') return !startsInstances.has(action.resource);
  return independent.has(action.type);
}

async function carryOut(effects: Effects, app: OsvApp, action: Action): Promise<void> {
  const { client, images, events } = effects;
  const { namespace = '' } = app.metadata;
  switch (action.type) {
    case 'apply':
      effects.wrote(app, action.resource, await apply(client, app, action));
      return;
    case 'delete':
      try {
        await client.delete(action.resource, action.reference, {
          ...(action.uid === undefined ? {} : { uid: action.uid }),
          propagation: 'Background',
        });
      } catch (error) {
        // Another object has taken the name: the one that was to go is gone.
        if (!isConflict(error)) throw error;
      }
      return;
    case 'build-image':
      images.build(action.key, app);
      return;
    case 'ensure-boot-secret':
      await ensureBootSecret(client, app, action.name, action.configuration);
      return;
    case 'scale-set': {
      // A merge patch, since applying a part of the object would take back the rest of it.
      const { replicas, paused } = action;
      const reference = { namespace, name: action.set };
      const sets = resources.virtualMachineInstanceReplicaSets;
      effects.wrote(app, sets, await client.mergePatch(sets, reference, { spec: { replicas, paused } }));
      return;
    }
    case 'ensure-claim':
      await ensureClaim(client, app, action.claim);
      return;
    case 'set-run-strategy': {
      const { machine, runStrategy } = action;
      const machines = resources.virtualMachines;
      const reference = { namespace, name: machine };
      effects.wrote(app, machines, await client.mergePatch(machines, reference, { spec: { runStrategy } }));
      return;
    }
    case 'mend-set': {
      const mended = await mendSet(client, action.set);
      effects.mends.mended(mended, effects.now());
      effects.wrote(app, resources.virtualMachineInstanceReplicaSets, mended);
      // Nobody has done anything where the server makes the same of it again.
      if (setContents(mended) !== action.found) events.record(app, mendedEvent(mended.metadata.name));
      return;
    }
    case 'number-set': {
      const change = { metadata: { annotations: { [annotations.revisionNumber]: String(action.revisionNumber) } } };
      const sets = resources.virtualMachineInstanceReplicaSets;
      effects.wrote(app, sets, await client.mergePatch(sets, { namespace, name: action.set }, change));
      return;
    }
    case 'event':
      events.record(app, {
        type: action.severity,
        reason: action.reason,
        message: action.message,
        action: 'Reconcile',
      });
      return;
  }
}

/** Whether instances start without it, so that it can wait for the instances of other apps. */
export function isFollower(action: Action): boolean {
  return action.type === 'apply' && followers.has(action.resource);
}

const followers: ReadonlySet<Resource> = new Set<Resource>([
  resources.services,
  resources.podDisruptionBudgets,
  resources.podMonitors,
]);

/** An object with a name that the app needs is somebody else's. */
export class ForeignObjectError extends Error {
  readonly code = 'foreign-object';
}

function mendedEvent(set: string) {
  const message = `Somebody changed the replica set ${set}; it is as its revision says again.`;
  return { type: 'Warning', reason: 'ReplicaSetMended', message, action: 'Reconcile' } as const;
}

/** @throws ForeignObjectError where nothing may be taken over */
async function apply(
  client: ApiClient,
  app: OsvApp,
  { resource, object, takeOver }: Extract<Action, { type: 'apply' }>,
) {
  try {
    const options = followers.has(resource) ? ({ priority: 'low' } as const) : {};
    return await client.apply(resource, object, { force: takeOver, ...options });
  } catch (error) {
    if (takeOver || !isConflict(error)) throw error;
    if (await isOwn(client, app, resource, object)) return client.apply(resource, object, { force: true });
    const sentence = `The ${resource.kind} ${object.metadata.name} belongs to somebody else; delete it, or give the app another name.`;
    throw new ForeignObjectError(sentence, { cause: error });
  }
}

/**
 * Makes a claim where there is none. One that is there is used, whoever made it, so that an app that comes back, or is
 * restored from a backup, finds its data; only another app's is not.
 *
 * @throws ForeignObjectError
 */
async function ensureClaim(client: ApiClient, app: OsvApp, claim: PersistentVolumeClaim): Promise<void> {
  const { name, namespace = '' } = claim.metadata;
  const present = await client.get(resources.persistentVolumeClaims, { namespace, name });
  const user = present?.metadata.labels?.[labels.app];
  if (user !== undefined && user !== app.metadata.name) {
    const sentence = `The PersistentVolumeClaim ${name} holds data of the OsvApp ${user}; give the app or its volume another name.`;
    throw new ForeignObjectError(sentence);
  }
  if (present) return;
  try {
    await client.create(resources.persistentVolumeClaims, claim);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

/** The app's object, which nobody has seen because somebody took its labels away. Asking for it by name is no right of ours. */
async function isOwn(client: ApiClient, app: OsvApp, resource: Resource, { metadata }: KubernetesObject) {
  const { name, namespace } = metadata;
  const selection = { fieldSelector: `metadata.name=${name}`, ...(namespace ? { namespace } : {}) };
  const { items } = await client.list(resource, selection);
  return items.some((present) => controllerUid(present) === app.metadata.uid);
}

/** Bytes of the management token: as many as the kernel's own comparison takes. */
const tokenBytes = 32;

/** The token of an app's management servers, made when it is first needed; whoever may read the Secret may use it. */
async function managementToken(client: ApiClient, app: OsvApp): Promise<string> {
  const { name, namespace = '', uid = '' } = app.metadata;
  const reference = { namespace, name: `${name}-management` };
  const present = hasBeenHere(app) ? await client.get(resources.secrets, reference) : undefined;
  if (present) return tokenOf(present, uid);
  const secret: Secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      ...reference,
      labels: appLabels(name),
      ownerReferences: [ownerReference({ name, namespace, uid })],
    },
    data: { token: Buffer.from(randomBytes(tokenBytes).toString('hex')).toString('base64') },
  };
  try {
    return tokenOf(await client.create(resources.secrets, secret), uid);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const made = await client.get(resources.secrets, reference);
    if (!made) throw error;
    return tokenOf(made, uid);
  }
}

/** @throws ForeignObjectError such as for what a deleted app of this name has left, which is about to go */
function tokenOf(secret: Secret, ownerUid: string): string {
  const owner = controllerUid(secret);
  if (owner !== undefined && owner !== ownerUid) {
    const sentence = `The Secret ${secret.metadata.name} belongs to somebody else, or to an app that is going; it is looked at again.`;
    throw new ForeignObjectError(sentence);
  }
  const token = Buffer.from(secret.data?.token ?? '', 'base64').toString();
  if (!/^[0-9a-f]{32,128}$/.test(token)) {
    throw new Error(`The Secret ${secret.metadata.name} holds no management token; delete it, and a new one is made.`);
  }
  return token;
}

/** Writes the Secret only where it is missing or holds something else. */
async function ensureBootSecret(client: ApiClient, app: OsvApp, name: string, configuration: BootConfiguration) {
  const { namespace = '', uid = '' } = app.metadata;
  const token = await managementToken(client, app);
  const port = configuration.management?.port ?? 0;
  const text = bootConfigurationText({ ...configuration, management: port === 0 ? { port } : { port, token } });
  const secret: Secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name,
      namespace,
      labels: appLabels(app.metadata.name),
      ownerReferences: [ownerReference({ name: app.metadata.name, namespace, uid })],
    },
    data: { 'boot.json': Buffer.from(text).toString('base64') },
  };
  const present = hasBeenHere(app) ? await client.get(resources.secrets, { namespace, name }) : undefined;
  if (needsApply(secret, present)) await client.apply(resources.secrets, secret);
}

/** An app without an image in its status has no Secrets yet: asking first would be one answer more to wait for. */
function hasBeenHere(app: OsvApp): boolean {
  return app.status?.image !== undefined;
}
