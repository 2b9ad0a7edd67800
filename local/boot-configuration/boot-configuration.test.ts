import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bootConfigurationText } from '@osv/contracts';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { bootConfiguration, mergeEnvironment, type ProgramRequest } from './boot-configuration.ts';
import { writeBootDisk } from './disk.ts';
import { createToken } from './token.ts';

const entryPoint = {
  command: ['/usr/bin/redis-server', '--daemonize', 'no'],
  environment: ['PATH=/usr/bin', 'A=1'],
  workingDirectory: '/data',
  user: { uid: 0, gid: 0 },
};

const request: ProgramRequest = { hostname: 'redis-0', network: true, token: createToken() };

test('the image decides what the user leaves open', () => {
  const configuration = bootConfiguration(entryPoint, request);
  expect(configuration).toMatchObject({
    program: '/usr/bin/redis-server',
    workingDirectory: '/data',
    hostname: 'redis-0',
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

test('an image without a program needs one', () => {
  expect(bootConfiguration({ ...entryPoint, command: [] }, request)).toBeUndefined();
});

test('later variables win', () => {
  expect(mergeEnvironment(['A=1', 'B=2'], ['A=3', 'C='])).toEqual(['A=3', 'B=2', 'C=']);
});

test.each([true, false])('the kernel would accept it, with a network: %s', (network) => {
  const configuration = bootConfiguration(entryPoint, { ...request, network });
  expect(configuration && bootConfigurationText(configuration)).toContain('"version":1');
});

test('the disk holds boot.json under its own name and label', async () => {
  const path = join(await temporaryFolder(), 'boot.iso');
  await writeBootDisk(path, '{"version":1}');
  const { stdout } = await promisify(execFile)('isoinfo', ['-i', path, '-R', '-x', '/boot.json']);
  expect(stdout).toBe('{"version":1}');
  const { stdout: header } = await promisify(execFile)('isoinfo', ['-d', '-i', path]);
  expect(header).toContain('Volume id: osvboot');
});
