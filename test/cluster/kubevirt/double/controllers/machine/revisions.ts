import { isDeepStrictEqual } from 'node:util';
import { type ApiClient, isAlreadyExists, type KubernetesObject, type Resource } from '@osv/operator/kubernetes';
import type { Machine, Spec } from '../../types.ts';
import { machineReference } from './resource.ts';

interface Revision extends KubernetesObject {
  revision: number;
  data?: { spec: Machine['spec'] };
}

const revisions: Resource<Revision> = {
  group: 'apps',
  version: 'v1',
  plural: 'controllerrevisions',
  kind: 'ControllerRevision',
  namespaced: true,
};

/**
 * The spec that a machine was last started with, kept in a ControllerRevision as KubeVirt keeps it
 * (`revision-start-vm-UID-GENERATION`), and remembered as long as the machine lives: a revision never changes.
 */
export class Revisions {
  readonly #client: ApiClient;
  readonly #known = new Map<string, { name: string; spec: Machine['spec'] | undefined }>();

  constructor(client: ApiClient) {
    this.#client = client;
  }

  /** Before a start. @returns its name */
  async record(machine: Readonly<Machine>): Promise<string> {
    const { namespace = '', uid = '', generation = 0 } = machine.metadata;
    const name = `revision-start-vm-${uid}-${generation}`;
    const older = this.#known.get(uid)?.name;
    const revision = {
      metadata: { name, namespace, ownerReferences: [machineReference(machine)] },
      revision: generation,
      data: { spec: machine.spec },
    };
    try {
      await this.#client.create(revisions, revision as Revision);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
    if (older && older !== name) await this.#client.delete(revisions, { namespace, name: older });
    this.#known.set(uid, { name, spec: machine.spec });
    return name;
  }

  /** The spec behind a revision's name, such as an instance tells it. */
  async specOf({ metadata }: Readonly<Machine>, name: string): Promise<Machine['spec'] | undefined> {
    const { namespace = '', uid = '' } = metadata;
    const known = this.#known.get(uid);
    if (known?.name === name) return known.spec;
    const spec = (await this.#client.get(revisions, { namespace, name }))?.data?.spec;
    this.#known.set(uid, { name, spec });
    return spec;
  }

  forget(uid: string): void {
    this.#known.delete(uid);
  }
}

/** Whether templates differ in more than a running machine can take over (syncRestartRequired in vm.go). */
export function needsRestart(started: Spec, wanted: Spec): boolean {
  return !isDeepStrictEqual(withoutLiveFields(started), withoutLiveFields(wanted));
}

function withoutLiveFields(spec: Spec): object {
  const { nodeSelector, affinity, tolerations, ...rest } = structuredClone(spec);
  delete rest.domain.cpu?.sockets;
  delete rest.domain.memory?.guest;
  return rest;
}
