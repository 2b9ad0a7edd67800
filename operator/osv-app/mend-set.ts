import {
  type ApiClient,
  ApiError,
  resourcePath,
  resources,
  type VirtualMachineInstanceReplicaSet,
} from '../kubernetes/index.ts';
import { setContents } from './set-contents.ts';

/** Brings a replica set to what is wanted, also where somebody has added to it. @returns it as the server has it then */
export async function mendSet(
  client: ApiClient,
  wanted: VirtualMachineInstanceReplicaSet,
): Promise<VirtualMachineInstanceReplicaSet> {
  const sets = resources.virtualMachineInstanceReplicaSets;
  const applied = await client.apply(sets, wanted, { force: true });
  if (setContents(applied) === setContents(wanted)) return applied;
  // Applying takes nothing away that is somebody else's.
  const { selector, template } = wanted.spec;
  const { uid, resourceVersion } = applied.metadata;
  const answer = await client.raw('PATCH', resourcePath(sets, wanted.metadata), {
    contentType: 'application/json-patch+json',
    body: JSON.stringify([
      // Not by `test`, whose failure is answered with 422: these make a conflict (409), which is simply tried again.
      { op: 'replace', path: '/metadata/uid', value: uid },
      { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion },
      { op: 'replace', path: '/spec/selector', value: selector },
      { op: 'replace', path: '/spec/template', value: template },
    ]),
  });
  if (answer.status < 300) return JSON.parse(answer.body) as VirtualMachineInstanceReplicaSet;
  const sentence = `The replica set ${wanted.metadata.name} could not be brought back: ${answer.body.trim()}`;
  throw new ApiError(sentence, { status: answer.status });
}
