import { scrapeJobs } from '@osv/contracts';
import { type Alert, sample } from './alert.ts';

const job = `job="${scrapeJobs.operator}"`;
const controller = '{{ $labels.controller }}';

const passes = sample('osv_operator_reconcile_total');
const failedPasses = `sum by (controller) (rate(${passes}{${job}, result="error"}[30m]))`;
const allPasses = `sum by (controller) (rate(${passes}{${job}}[30m]))`;
const depth = `sum by (name) (${sample('osv_operator_workqueue_depth')}{${job}})`;
const recentWork = `sum by (name) (rate(${sample('osv_operator_workqueue_work_duration_seconds', '_count')}{${job}}[10m]))`;

/** What can go wrong with the operator. */
export const operatorAlerts: readonly Alert[] = [
  {
    name: 'OsvOperatorDown',
    severity: 'critical',
    expr: `absent(up{${job}} == 1)`,
    for: '5m',
    summary: 'No operator of OS^v runs.',
    description:
      'Prometheus found no operator that answers for 5 minutes. Guests run on; changes to OsvApps have no effect.',
  },
  {
    name: 'OsvOperatorWithoutLeader',
    severity: 'critical',
    expr: `sum(${sample('osv_operator_leading')}{${job}}) == 0`,
    for: '5m',
    summary: 'No operator of OS^v leads.',
    description: 'Operators run, but none has held the lease for 5 minutes. Changes to OsvApps have no effect.',
  },
  {
    name: 'OsvOperatorReconcileErrors',
    severity: 'warning',
    expr: `${failedPasses} / ${allPasses} > 0.1`,
    for: '15m',
    summary: `The controller ${controller} of the operator fails.`,
    description: `{{ $value | humanizePercentage }} of the reconciles of the controller ${controller} failed within 30 minutes.`,
  },
  {
    name: 'OsvOperatorQueueStuck',
    severity: 'critical',
    expr: `${depth} > 0 and ${recentWork} == 0`,
    for: '10m',
    summary: 'The queue {{ $labels.name }} of the operator stands still.',
    description:
      '{{ $value | printf "%.0f" }} objects wait in the queue {{ $labels.name }}, of which none was finished in 10 minutes.',
  },
  {
    name: 'OsvBuildsFailing',
    severity: 'warning',
    expr: `sum(increase(${sample('osv_operator_builds_total')}{${job}, result="failed"}[1h])) > 2`,
    summary: 'Image builds fail.',
    description: '{{ $value | printf "%.0f" }} image builds failed within an hour.',
  },
];
