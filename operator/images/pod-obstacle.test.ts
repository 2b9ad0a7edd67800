import { expect, test } from 'vitest';
import type { Pod } from '../kubernetes/index.ts';
import { podObstacle } from './pod-obstacle.ts';

function pod(status: object): Pod {
  const spec = { containers: [{ name: 'builder', image: 'registry.example/builder:1' }] };
  return { metadata: { name: 'osv-build-a-1-x' }, spec, status } as unknown as Pod;
}

const waiting = (reason: string) =>
  pod({ containerStatuses: [{ state: { waiting: { reason, message: 'at 10:00:07' } } }] });

test('a pod that runs, starts or is about to be scheduled has no obstacle', () => {
  expect(podObstacle(pod({}))).toBeUndefined();
  expect(podObstacle(pod({ conditions: [{ type: 'PodScheduled', status: 'True' }] }))).toBeUndefined();
  expect(podObstacle(waiting('ContainerCreating'))).toBeUndefined();
  const gated = { type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' };
  expect(podObstacle(pod({ conditions: [gated] }))).toBeUndefined();
});

test('one that fits on no node says what the scheduler says', () => {
  const message = '0/3 nodes are available: 3 Insufficient memory.';
  const unschedulable = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message };
  expect(podObstacle(pod({ conditions: [unschedulable] }))).toBe(`The build waits for a node: ${message}`);
});

test('one whose image cannot be pulled says so in the same words at every attempt', () => {
  const sentence =
    "The build's pod osv-build-a-1-x does not start: its image cannot be pulled (registry.example/builder:1).";
  expect(podObstacle(waiting('ErrImagePull'))).toBe(sentence);
  expect(podObstacle(waiting('ImagePullBackOff'))).toBe(sentence);
});
