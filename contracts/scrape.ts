/**
 * How Prometheus labels what it scrapes, whoever configures it: `local/prometheus`, the PodMonitor of an OsvApp, and
 * that of the chart. Dashboards and alerts stand on it. Guests have the labels `job`, `app` (the OsvApp), `instance`
 * (the instance's name, not its address) and, in a cluster, `namespace` and `pod`; operators `job`, `namespace`, `pod`.
 */
export const scrapeJobs = { guest: 'osv', operator: 'osv-operator' } as const;
