import { appLabels } from '../labels.ts';

/** The app that objects belong to; deleting it deletes them. */
export interface Owner {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
}

export function ownerReference(owner: Owner) {
  return {
    apiVersion: 'osvapp.dev/v1alpha1',
    kind: 'OsvApp',
    name: owner.name,
    uid: owner.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** Of an object of which an app has one, by its own name. */
export function companionMetadata(owner: Owner) {
  return {
    name: owner.name,
    namespace: owner.namespace,
    labels: appLabels(owner.name),
    ownerReferences: [ownerReference(owner)],
  };
}

interface Owned {
  metadata?: { ownerReferences?: readonly { uid: string; controller?: boolean }[] };
}

/** UID of the controller of an object. Labels can lie about who owns something, this cannot. */
export function controllerUid(object: Owned): string | undefined {
  return object.metadata?.ownerReferences?.find(({ controller }) => controller)?.uid;
}
