import { scrapeJobs } from '@osv/contracts';
import { promql } from './query.ts';

/** Guests that the dashboard's variables choose. A guest without such a label has it empty, which `.*` matches. */
export const guest = promql(`job="${scrapeJobs.guest}", namespace=~"$namespace", app=~"$app", instance=~"$instance"`);

/** Operators that the dashboard's variables choose. */
export const operator = promql(`job="${scrapeJobs.operator}", pod=~"$pod"`, ['pod']);
