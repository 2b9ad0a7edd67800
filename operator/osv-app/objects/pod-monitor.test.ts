import { expect, test } from 'vitest';
import { podMonitor } from './pod-monitor.ts';

const owner = { name: 'redis', namespace: 'shop', uid: 'app-uid' };
const [endpoint] = podMonitor(owner, { source: { packages: { names: ['redis-server'] } } }).spec.podMetricsEndpoints;

/** As Prometheus does it: a rule whose expression does not match the whole value changes nothing. */
function addressFor(podAddress: string): string | undefined {
  let address: string | undefined;
  for (const rule of endpoint?.relabelings ?? []) {
    if (!('regex' in rule && 'replacement' in rule) || rule.targetLabel !== '__address__') continue;
    const match = new RegExp(`^(?:${rule.regex})$`).exec(podAddress);
    if (match) address = rule.replacement?.replace('$1', match[1] ?? '');
  }
  return address;
}

test.each([
  ['10.244.0.9', '10.244.0.9:9180'],
  ['fd00::9', '[fd00::9]:9180'],
])('Prometheus finds the guest of a pod with the address %s', (podAddress, address) => {
  expect(addressFor(podAddress)).toBe(address);
});
