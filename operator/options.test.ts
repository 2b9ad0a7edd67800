import { expect, test } from 'vitest';
import { parseOptions } from './options.ts';

test('flags win over the environment, which wins over defaults', () => {
  const environment = { POD_NAMESPACE: 'system', OSV_REGISTRY: 'from.environment' };
  const options = parseOptions(
    [
      '--registry',
      'r:5000',
      '--builder-env',
      'a=b=c',
      '--namespace',
      'a',
      '--namespace',
      'b',
      '--metrics-port',
      '1',
      '--no-leader-election',
    ],
    environment,
  );
  expect(options).toMatchObject({
    registry: 'r:5000',
    builderEnvironment: { a: 'b=c' },
    namespaces: ['a', 'b'],
    operatorNamespace: 'system',
    metricsPort: 1,
    healthPort: 8081,
    leaderElection: false,
    leaseSeconds: 15,
  });
  // Without it Node.js takes IPv4 alone on a machine that has no IPv6.
  expect(options.listenAddress).toBeUndefined();
  expect(parseOptions([], environment).registry).toBe('from.environment');
});

test.each([
  [[], /--registry/],
  [['--registry', 'r', '--metrics-port', 'many'], /--metrics-port.*no whole number/],
  [['--registry', 'r', '--metrics-port', ''], /--metrics-port.*no whole number/],
  [['--registry', 'r', '--reference-poll-seconds', '0'], /at least 1/],
  [['--registry', 'r', '--build-concurrency', '0'], /at least 1/],
  [['--registry', 'r', '--concurrency', '0'], /at least 1/],
  [['--registry', 'r', '--lease-seconds', '4'], /between 5 and 3600/],
  [['--registry', 'r', '--log-level', 'loud'], /one of debug, info, warn, error/],
  [['--registry', 'r', '--prometheus-label', 'app'], /KEY=VALUE/],
])('%o is refused', (flags, sentence) => {
  expect(() => parseOptions(flags, {})).toThrow(sentence);
});
