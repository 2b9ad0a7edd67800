import { scrapeJobs } from '@osv/contracts';
import { stringify } from 'yaml';
import type { InstanceRecord } from '../instance/record.ts';

/** A group of a file that Prometheus reads by `file_sd_configs` whenever it changes. */
interface TargetGroup {
  targets: string[];
  labels: Record<string, string>;
}

const scrapeInterval = '2s';

/** prometheus.yml; the targets lie in a file of their own, because they come and go. */
export function prometheusConfiguration(targetsPath: string): string {
  return stringify({
    global: { scrape_interval: scrapeInterval, scrape_timeout: scrapeInterval },
    scrape_configs: [
      { job_name: scrapeJobs.guest, file_sd_configs: [{ files: [targetsPath], refresh_interval: '5s' }] },
    ],
  });
}

/** One target for each guest that runs, labelled with its instance and its app. */
export function targetGroups(records: InstanceRecord[]): TargetGroup[] {
  return records.flatMap((record) => {
    if (record.kind === 'service' || record.state === 'exited' || !record.metricsUrl) return [];
    return [
      {
        targets: [new URL(record.metricsUrl).host],
        labels: { instance: record.name, ...(record.app ? { app: record.app.name } : {}) },
      },
    ];
  });
}
