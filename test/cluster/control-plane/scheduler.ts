import type { ManagedProcess } from '../processes/managed-process.ts';
import { apiClientProcess } from './api-client-process.ts';
import type { ClusterContext } from './context.ts';

/** The scheduler with its default plugins. */
export function scheduler(context: ClusterContext): Promise<ManagedProcess> {
  return apiClientProcess(context, {
    name: 'scheduler',
    program: context.tools.kubeScheduler,
    healthPath: '/readyz',
  });
}
