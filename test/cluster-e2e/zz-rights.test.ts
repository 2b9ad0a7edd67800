import { expect, test } from 'vitest';
import { objects, template } from './support/helm.ts';
import { auditedRights, grantedRights, type Role } from './support/rights.ts';
import { sharedCluster } from './support/shared-cluster.ts';

/** Granted and not used here, each with its reason. */
const notUsedHere: Record<string, string> = {
  'events.k8s.io/events patch': 'a series of equal events is written once a minute at most',
  'osvapp.dev/osvapps/finalizers update':
    'asked for by the admission plugin OwnerReferencesPermissionEnforcement alone',
};

test('operators were denied nothing, and used every right that the chart gives them', async ({ skip }) => {
  const cluster = await sharedCluster();
  const namespace = 'osv-system';
  const text = await template(cluster, namespace, {
    'registry.host': cluster.registry.host,
    'operator.namespaces': `{${namespace}}`,
  });
  const roles = objects<Role & { subjects?: { name: string }[] }>(text, 'Role');
  const account = objects<Role & { subjects?: { name: string }[] }>(text, 'RoleBinding')[0]?.subjects?.[0]?.name;
  const isOperator = (user: string) => user.startsWith('system:serviceaccount:') && user.endsWith(`:${account}`);
  const { used, denied, users } = await auditedRights(cluster, isOperator);
  if (users === 0) skip('No operator ran against this cluster: run the whole suite.');
  expect(denied).toEqual([]);
  const unused = [...grantedRights(roles)].filter((right) => !used.has(right) && !(right in notUsedHere));
  expect(unused).toEqual([]);
});
