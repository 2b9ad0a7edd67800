import { expect, test } from 'vitest';
import { operatorAlerts } from './operator-alerts.ts';
import { type AlertCase, promtoolTest } from './testing.ts';

const pods = ['a', 'b'].map((pod) => `job="osv-operator", namespace="osv-system", pod="osv-operator-${pod}"`);
const [first, second] = pods;

const cases: AlertCase[] = [
  {
    alert: 'OsvOperatorDown',
    when: 'none of two answers',
    series: { [`up{${first}}`]: '1 0x10', [`up{${second}}`]: '0x11' },
    at: '8m',
    fires: [
      {
        summary: 'No operator of OS^v runs.',
        description:
          'Prometheus found no operator that answers for 5 minutes. Guests run on; changes to OsvApps have no effect.',
      },
    ],
  },
  {
    alert: 'OsvOperatorDown',
    when: 'one of two answers',
    series: { [`up{${first}}`]: '1x20', [`up{${second}}`]: '0x20' },
    at: '20m',
    fires: [],
  },
  {
    alert: 'OsvOperatorWithoutLeader',
    when: 'both wait for the lease',
    series: {
      [`osv_operator_leading{${first}, lease="x"}`]: '1 0x10',
      [`osv_operator_leading{${second}, lease="x"}`]: '0x11',
    },
    at: '8m',
    fires: [
      {
        summary: 'No operator of OS^v leads.',
        description: 'Operators run, but none has held the lease for 5 minutes. Changes to OsvApps have no effect.',
      },
    ],
  },
  {
    alert: 'OsvOperatorWithoutLeader',
    when: 'the lease goes from one to the other',
    series: {
      [`osv_operator_leading{${first}, lease="x"}`]: '1x5 0x15',
      [`osv_operator_leading{${second}, lease="x"}`]: '0x7 1x15',
    },
    at: '9m',
    fires: [],
  },
  {
    alert: 'OsvOperatorReconcileErrors',
    when: 'a fifth of them fail',
    series: {
      [`osv_operator_reconcile_total{${first}, controller="osv-app", result="error"}`]: '0+2x60',
      [`osv_operator_reconcile_total{${first}, controller="osv-app", result="success"}`]: '0+8x60',
      [`osv_operator_reconcile_total{${first}, controller="guests", result="success"}`]: '0+8x60',
    },
    at: '50m',
    fires: [
      {
        labels: { controller: 'osv-app' },
        summary: 'The controller osv-app of the operator fails.',
        description: '20% of the reconciles of the controller osv-app failed within 30 minutes.',
      },
    ],
  },
  {
    alert: 'OsvOperatorReconcileErrors',
    when: 'conflicts are done again',
    series: {
      [`osv_operator_reconcile_total{${first}, controller="osv-app", result="error"}`]: '0x60',
      [`osv_operator_reconcile_total{${first}, controller="osv-app", result="conflict"}`]: '0+5x60',
      [`osv_operator_reconcile_total{${first}, controller="osv-app", result="success"}`]: '0+5x60',
    },
    at: '50m',
    fires: [],
  },
  {
    alert: 'OsvOperatorQueueStuck',
    when: 'objects wait and none is finished',
    series: {
      [`osv_operator_workqueue_depth{${first}, name="osv-app"}`]: '7x40',
      [`osv_operator_workqueue_work_duration_seconds_count{${first}, name="osv-app"}`]: '12x40',
    },
    at: '25m',
    fires: [
      {
        labels: { name: 'osv-app' },
        summary: 'The queue osv-app of the operator stands still.',
        description: '7 objects wait in the queue osv-app, of which none was finished in 10 minutes.',
      },
    ],
  },
  {
    alert: 'OsvOperatorQueueStuck',
    when: 'a long queue is worked off',
    series: {
      [`osv_operator_workqueue_depth{${first}, name="osv-app"}`]: '700-10x40',
      [`osv_operator_workqueue_work_duration_seconds_count{${first}, name="osv-app"}`]: '0+10x40',
    },
    at: '25m',
    fires: [],
  },
  {
    alert: 'OsvBuildsFailing',
    when: 'several failed within an hour',
    series: { [`osv_operator_builds_total{${first}, result="failed"}`]: '0x30 4x60' },
    at: '60m',
    fires: [{ summary: 'Image builds fail.', description: '4 image builds failed within an hour.' }],
  },
  {
    alert: 'OsvBuildsFailing',
    when: 'one failed',
    series: {
      [`osv_operator_builds_total{${first}, result="failed"}`]: '0x30 1x60',
      [`osv_operator_builds_total{${first}, result="succeeded"}`]: '0+1x90',
    },
    at: '60m',
    fires: [],
  },
];

test.each(cases)('$alert: $when', (alertCase) => {
  expect(promtoolTest(alertCase)).toBe('');
});

test.each(operatorAlerts)('$name is seen to fire and to keep still', ({ name }) => {
  const own = cases.filter(({ alert }) => alert === name);
  expect(own.some(({ fires }) => fires.length > 0)).toBe(true);
  expect(own.some(({ fires }) => fires.length === 0)).toBe(true);
});
