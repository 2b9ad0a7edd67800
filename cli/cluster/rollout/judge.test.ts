import { expect, test } from 'vitest';
import { clusterApp } from '../../testing/cluster-app.ts';
import { judgeRollout } from './judge.ts';

test('a rollout that has come to its end is complete', () => {
  expect(judgeRollout(clusterApp())).toEqual({
    state: 'complete',
    message: 'Every instance runs revision 0123456789.',
  });
});

test('a spec that the operator has not seen is waited for, whatever the old status says', () => {
  const app = clusterApp();
  const changed = { ...app, metadata: { ...app.metadata, generation: 2 } };
  expect(judgeRollout(changed)).toMatchObject({ state: 'going-on', message: expect.stringContaining('operator') });
  const { status: _, ...fresh } = app;
  expect(judgeRollout(fresh).state).toBe('going-on');
});

test('why there is no image is told before anything else', () => {
  const app = clusterApp({
    ImageReady: ['False', 'BuildFailed', 'No such package. (source-not-found)'],
    Progressing: ['False', 'ImageNotReady', 'There is no image to start.'],
  });
  expect(judgeRollout(app)).toEqual({ state: 'failed', message: 'No such package. (source-not-found)' });
});

test('a build that is tried again is waited for', () => {
  const app = clusterApp({
    ImageReady: ['False', 'BuildRetrying', 'The registry does not answer. (registry)'],
    Progressing: ['False', 'ImageNotReady', 'There is no image to start.'],
  });
  expect(judgeRollout(app)).toEqual({ state: 'going-on', message: 'The registry does not answer. (registry)' });
});

test('a problem of the instances stands beside the progress, and is not told twice', () => {
  const progress = '0 of 2 instances run revision 1.';
  const crashing = clusterApp({
    Progressing: ['True', 'RollingOut', progress],
    Degraded: ['True', 'CrashLoopBackOff', 'The program has ended 3 times in a row.'],
  });
  expect(judgeRollout(crashing).message).toBe(`${progress} The program has ended 3 times in a row.`);
  const missing = clusterApp({
    Progressing: ['False', 'ReferencesMissing', 'An object that the app names is not there.'],
    Degraded: ['True', 'ReferencesMissing', 'The Secret a does not exist.'],
  });
  expect(judgeRollout(missing).message).toBe('The Secret a does not exist.');
});

test('a spec that cannot be carried out is not waited for', () => {
  const app = clusterApp({
    Progressing: ['False', 'Unsupported', 'The app asks for what the operator cannot do yet.'],
    Degraded: ['True', 'Unsupported', 'spec.runtime: node cannot be put under a program yet.'],
  });
  expect(judgeRollout(app)).toEqual({
    state: 'failed',
    message: 'spec.runtime: node cannot be put under a program yet.',
  });
});

test('a rollout that is stuck has failed, and so has one whose app goes', () => {
  const stuck = clusterApp({ Progressing: ['False', 'ProgressDeadlineExceeded', '1 of 2 instances run it.'] });
  expect(judgeRollout(stuck)).toEqual({ state: 'failed', message: '1 of 2 instances run it.' });
  const app = clusterApp();
  app.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
  expect(judgeRollout(app)).toEqual({ state: 'failed', message: 'redis is being deleted.' });
});
