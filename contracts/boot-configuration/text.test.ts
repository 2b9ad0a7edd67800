import { expect, test } from 'vitest';
import { bootConfigurationText } from './text.ts';

test('a full configuration becomes one line of JSON', () => {
  const text = bootConfigurationText({
    version: 1,
    program: '/usr/bin/redis-server',
    arguments: ['redis-server', '--save', ''],
    environment: ['PATH=/usr/bin:/bin', 'A='],
    workingDirectory: '/',
    user: { uid: 0, gid: 0 },
    hostname: 'redis',
    network: {
      interfaces: [{ addresses: ['10.0.2.15/24'], gateway: '10.0.2.2', dhcp: false, mtu: 1500 }],
      nameservers: ['10.0.2.3'],
      search: [],
    },
    mounts: [
      { serial: 'config', path: '/etc/app', type: 'iso9660', readOnly: true },
      { path: '/scratch', type: 'tmpfs', sizeBytes: 1048576 },
    ],
    management: { port: 9180, token: '0123456789abcdef0123456789abcdef' },
    kernel: { tracepoints: ['sched_switch'], panic: 'poweroff', logLevel: 'info' },
  });
  expect(JSON.parse(text).network.interfaces[0].mtu).toBe(1500);
  expect(text.indexOf('\n')).toBe(text.length - 1);
});

test('a configuration that the kernel would refuse is refused', () => {
  expect(() => bootConfigurationText({ version: 1, program: 'x', arguments: ['x'], environment: ['NOVALUE'] })).toThrow(
    /environment\/0 must match pattern/,
  );
});
