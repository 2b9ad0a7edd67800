import type { OsvApp } from '@osv/operator/kubernetes';
import { expect, test } from 'vitest';
import { clusterApp } from '../../testing/cluster-app.ts';
import { showStatus } from './app-text.ts';
import { explain, stateOf } from './explain.ts';
import { remedies } from './remedies.ts';

const options = { programName: 'osv' };
const unseen = (app: OsvApp): OsvApp => ({ ...app, metadata: { ...app.metadata, generation: 7 } });

test.each<[string, OsvApp]>([
  ['Ready', clusterApp()],
  ['ScaledToZero', clusterApp({}, { replicas: 0 })],
  ['Waiting', unseen(clusterApp())],
  ['Building', clusterApp({ ImageReady: ['False', 'Building'], Progressing: ['False', 'ImageNotReady'] })],
  ['BuildFailed', clusterApp({ ImageReady: ['False', 'BuildFailed'] })],
  ['CrashLoopBackOff', clusterApp({ Degraded: ['True', 'CrashLoopBackOff'], Progressing: ['True', 'RollingOut'] })],
  ['ProgressDeadlineExceeded', clusterApp({ Progressing: ['False', 'ProgressDeadlineExceeded'] })],
  ['Paused', clusterApp({ Progressing: ['Unknown', 'Paused'] })],
  ['RollingOut', clusterApp({ Progressing: ['True', 'RollingOut'] })],
  ['Unavailable', clusterApp({ Available: ['False', 'TooFewInstancesReady'] })],
])('an app is %s', (state, app) => {
  expect(stateOf(app)).toBe(state);
});

test('an app in order has nothing to look at', () => {
  expect(explain(clusterApp(), options)).toEqual({
    state: 'Ready',
    summary: ['2 of 2 instances are ready.', 'Every instance runs revision 0123456789.'],
    findings: [],
  });
});

test('a build that goes on is no problem, one that failed is', () => {
  const waiting = { Progressing: ['False', 'ImageNotReady'] } as const;
  const building = clusterApp({ Progressing: [...waiting.Progressing], ImageReady: ['False', 'Building'] });
  expect(explain(building, options).findings).toEqual([]);
  const failed = clusterApp({ Progressing: [...waiting.Progressing], ImageReady: ['False', 'BuildFailed', 'No.'] });
  expect(explain(failed, options).findings).toMatchObject([{ reason: 'BuildFailed', message: 'No.' }]);
});

test('what two conditions say is told once', () => {
  const app = clusterApp({
    Progressing: ['False', 'NoProgram', 'The image names no program to run; set spec.command.'],
    Degraded: ['True', 'NoProgram', 'The image names no program to run; set spec.command.'],
  });
  expect(explain(app, options).findings).toHaveLength(1);
});

test('the text names the commands that help, for this app', async () => {
  const app = clusterApp({ Degraded: ['True', 'CrashLoopBackOff', 'The program has ended 3 times in a row.'] });
  app.status = {
    ...app.status,
    image: { reference: 'registry.example/redis@sha256:01', sizeBytes: 12 * 1024 * 1024, kernelVersion: '0.1.0' },
    instances: [
      {
        name: 'redis-0a1b',
        phase: 'Running',
        bootMilliseconds: 12.34,
        restarts: 3,
        lastTermination: { reason: 'Failed' },
      },
    ],
  };
  expect(
    await showStatus(app, explain(app, options), 'table'),
  ).toBe(`redis in namespace shop: CrashLoopBackOff, 2/2 ready
  2 of 2 instances are ready.
  Every instance runs revision 0123456789.

Image: registry.example/redis@sha256:01 (12.0Mi, kernel 0.1.0)

INSTANCE     PHASE     ADDRESS   NODE   BOOT     ENDED
redis-0a1b   Running   -         -      12.3ms   3x, Failed

CrashLoopBackOff: The program has ended 3 times in a row.
  What to do: ${remedies.CrashLoopBackOff?.({ name: 'redis', namespace: 'shop', instance: 'redis-0a1b', programName: 'osv' })}
`);
});

test('machines get the same as data', async () => {
  const app = clusterApp({ Progressing: ['Unknown', 'Paused', 'spec.paused holds the rollout.'] });
  const data = JSON.parse(await showStatus(app, explain(app, { programName: 'kubectl osv' }), 'json'));
  expect(data).toMatchObject({ name: 'redis', namespace: 'shop', state: 'Paused', ready: '2/2' });
  expect(data.findings[0].remedy).toContain('`kubectl osv rollout resume redis -n shop`');
});
