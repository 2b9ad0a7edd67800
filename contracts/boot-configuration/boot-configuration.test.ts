import { expect, test } from 'vitest';
import { bootConfiguration, mergeEnvironment, type ProgramRequest } from './boot-configuration.ts';
import { bootConfigurationText } from './text.ts';

const entryPoint = {
  command: ['/usr/bin/redis-server', '--daemonize', 'no'],
  environment: ['PATH=/usr/bin', 'A=1'],
  workingDirectory: '/data',
  user: { uid: 0, gid: 0 },
};

const network = { interfaces: [{ addresses: ['10.0.2.2/24'], gateway: '10.0.2.1', dhcp: false }] };
const request: ProgramRequest = { hostname: 'redis-0', network, token: '0'.repeat(64) };

test('the image decides what the user leaves open', () => {
  const configuration = bootConfiguration(entryPoint, request);
  expect(configuration).toMatchObject({
    program: '/usr/bin/redis-server',
    workingDirectory: '/data',
    hostname: 'redis-0',
    network,
    management: { port: 9180, token: request.token },
  });
  expect(configuration?.arguments).toEqual(entryPoint.command);
});

test.each([
  [{ command: ['/bin/x', 'y'] }, ['/bin/x', 'y']],
  [{ command: ['/bin/x'], arguments: ['z'] }, ['/bin/x', 'z']],
  [{ arguments: ['--port', '1'] }, ['/usr/bin/redis-server', '--port', '1']],
  [{ arguments: [] }, ['/usr/bin/redis-server']],
])('%o means %o, as in a pod', (change, command) => {
  expect(bootConfiguration(entryPoint, { ...request, ...change })?.arguments).toEqual(command);
});

test.each([
  [2, ['/usr/bin/redis-server', '--daemonize', 'z']],
  [0, ['z']],
])('arguments follow the %d words that a container image fixes', (fixedWords, command) => {
  const configuration = bootConfiguration({ ...entryPoint, fixedWords }, { ...request, arguments: ['z'] });
  expect(configuration?.arguments).toEqual(command);
});

test('an image without a program needs one', () => {
  expect(bootConfiguration({ ...entryPoint, command: [] }, request)).toBeUndefined();
});

test('a guest without a network has no interface, and nobody can ask it', () => {
  const configuration = bootConfiguration(entryPoint, { ...request, network: undefined });
  expect(configuration).toMatchObject({ network: { interfaces: [] }, management: { port: 0 } });
});

test('later variables win', () => {
  expect(mergeEnvironment(['A=1', 'B=2'], ['A=3', 'C='])).toEqual(['A=3', 'B=2', 'C=']);
});

test.each([network, undefined])('the kernel would accept it, with the network %o', (given) => {
  const configuration = bootConfiguration(entryPoint, { ...request, network: given });
  expect(configuration && bootConfigurationText(configuration)).toContain('"version":1');
});
