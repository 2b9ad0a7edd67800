import { randomBytes } from 'node:crypto';
import { type BootConfiguration, bootConfigurationText } from '@osv/contracts';
import type { ImageBuilder } from '../images/image-builder.ts';
import {
  type ApiClient,
  isAlreadyExists,
  isConflict,
  type OsvApp,
  resources,
  type Secret,
} from '../kubernetes/index.ts';
import type { EventRecorder } from '../reconcile-runtime/index.ts';
import { needsApply } from './drift.ts';
import { annotations, appLabels } from './labels.ts';
import type { Action } from './model.ts';
import { ownerReference } from './objects/owner.ts';

export interface Effects {
  readonly client: ApiClient;
  readonly images: ImageBuilder;
  readonly events: EventRecorder;
}

/** Carries out the actions of one pass, in order. The first that fails ends it; the next pass sees how far it came. */
export async function act(effects: Effects, app: OsvApp, actions: readonly Action[]): Promise<void> {
  for (const action of actions) await carryOut(effects, app, action);
}

async function carryOut(effects: Effects, app: OsvApp, action: Action): Promise<void> {
  const { client, images, events } = effects;
  const { namespace = '' } = app.metadata;
  switch (action.type) {
    case 'apply':
      await apply(client, action);
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
      await client.mergePatch(resources.virtualMachineInstanceReplicaSets, reference, { spec: { replicas, paused } });
      return;
    }
    case 'number-set': {
      const change = { metadata: { annotations: { [annotations.revisionNumber]: String(action.revisionNumber) } } };
      await client.mergePatch(resources.virtualMachineInstanceReplicaSets, { namespace, name: action.set }, change);
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

/** An object with a name that the app needs is somebody else's. */
export class ForeignObjectError extends Error {
  readonly code = 'foreign-object';
}

/** @throws ForeignObjectError where nothing may be taken over */
async function apply(client: ApiClient, { resource, object, takeOver }: Extract<Action, { type: 'apply' }>) {
  try {
    await client.apply(resource, object, { force: takeOver });
  } catch (error) {
    if (takeOver || !isConflict(error)) throw error;
    const sentence = `The ${resource.kind} ${object.metadata.name} belongs to somebody else; delete it, or give the app another name.`;
    throw new ForeignObjectError(sentence, { cause: error });
  }
}

/** Bytes of the management token: as many as the kernel's own comparison takes. */
const tokenBytes = 32;

/** The token of an app's management servers, made when it is first needed; whoever may read the Secret may use it. */
async function managementToken(client: ApiClient, app: OsvApp): Promise<string> {
  const { name, namespace = '', uid = '' } = app.metadata;
  const reference = { namespace, name: `${name}-management` };
  const present = await client.get(resources.secrets, reference);
  if (present) return tokenOf(present);
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
    return tokenOf(await client.create(resources.secrets, secret));
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const made = await client.get(resources.secrets, reference);
    if (!made) throw error;
    return tokenOf(made);
  }
}

function tokenOf(secret: Secret): string {
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
  if (needsApply(secret, await client.get(resources.secrets, { namespace, name }))) {
    await client.apply(resources.secrets, secret);
  }
}
