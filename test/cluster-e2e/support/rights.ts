import { readFile } from 'node:fs/promises';
import type { Cluster } from '../../cluster/cluster.ts';
import type { AuditedRequest } from './audit.ts';
import type { Rendered } from './helm.ts';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

export type Role = Rendered & { readonly rules: readonly Rule[] };

/** A right in one word, such as `kubevirt.io/virtualmachineinstances delete`. */
function right(group: string, resource: string, verb: string): string {
  return `${group}/${resource} ${verb}`;
}

export function grantedRights(roles: readonly Role[]): Set<string> {
  const granted = roles.flatMap(({ rules }) =>
    rules.flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.map((verb) => right(group, resource, verb)))),
    ),
  );
  return new Set(granted);
}

export interface AuditedRights {
  readonly used: Set<string>;
  /**
   * Requests that were refused for want of a right, as METHOD and path. Not those of an operator being uninstalled, nor
   * what is granted at another time: an API server that has just started does not know all roles yet.
   */
  readonly denied: string[];
  readonly users: number;
}

/** What operators have used and been denied, by the whole audit log. */
export async function auditedRights(cluster: Cluster, isOperator: (user: string) => boolean): Promise<AuditedRights> {
  const used = new Set<string>();
  const denied: { what: string; request: string }[] = [];
  const allowed = new Set<string>();
  const users = new Set<string>();
  /** Namespaces whose role bindings were deleted, which helm does before the operator has ended. */
  const uninstalled = new Set<string>();
  for (const line of (await readFile(cluster.auditLog, 'utf8')).split('\n').slice(0, -1)) {
    const { user, verb, objectRef, responseStatus, requestURI } = JSON.parse(line) as AuditedRequest;
    const namespace = objectRef?.namespace ?? '';
    if (verb === 'delete' && objectRef?.resource === 'rolebindings') uninstalled.add(namespace);
    // A request that came while the API server ended has none.
    const username = user.username ?? '';
    if (!isOperator(username)) continue;
    users.add(username);
    if (!objectRef) continue;
    const { apiGroup = '', resource, subresource } = objectRef;
    const what = subresource ? `${resource}/${subresource}` : resource;
    const one = `${username} ${namespace} ${right(apiGroup, what, verb)}`;
    if (responseStatus?.code !== 403) allowed.add(one);
    else if (!uninstalled.has(namespace)) denied.push({ what: one, request: `${verb} ${requestURI}` });
    used.add(right(apiGroup, what, verb));
    // An apply that makes an object is a patch that needs the right to create too.
    if (verb === 'patch' && responseStatus?.code === 201) used.add(right(apiGroup, what, 'create'));
  }
  const refused = denied.filter(({ what }) => !allowed.has(what)).map(({ request }) => request);
  return { used, denied: refused, users: users.size };
}
