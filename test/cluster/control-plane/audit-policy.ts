/**
 * Who asked for what, whether it was allowed and by which binding: one line a request, without bodies. RBAC's reason is in
 * the annotations `authorization.k8s.io/decision` and `authorization.k8s.io/reason`.
 */
export const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  omitManagedFields: true,
  rules: [
    // Probes, and what clients ask to find their way, many times a second.
    { level: 'None', nonResourceURLs: ['/readyz*', '/livez*', '/healthz*', '/openapi*', '/api', '/apis', '/version'] },
    { level: 'Metadata' },
  ],
};
