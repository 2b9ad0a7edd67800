import { expect, test } from 'vitest';
import { formatReference, isLoopback, parseReference } from './reference.ts';

const digest = `sha256:${'0'.repeat(64)}`;

test.each([
  ['redis', 'docker.io/library/redis:latest'],
  ['bitnami/redis:7', 'docker.io/bitnami/redis:7'],
  ['docker.io/redis', 'docker.io/library/redis:latest'],
  ['registry.example/a/b/c:1.0_x', 'registry.example/a/b/c:1.0_x'],
  ['127.0.0.1:5000/redis', '127.0.0.1:5000/redis:latest'],
  ['[::1]:5000/redis:7', '[::1]:5000/redis:7'],
  ['localhost/x', 'localhost/x:latest'],
  [`registry.example/a@${digest}`, `registry.example/a@${digest}`],
  [`registry.example/a:7@${digest}`, `registry.example/a@${digest}`],
])('%s means %s', (text, whole) => expect(formatReference(parseReference(text))).toBe(whole));

test.each([
  '',
  'a b',
  'A',
  'a/../b',
  '-x',
  'a:',
  'a:b:c',
  'registry.example/',
  'a@sha256:1',
  `a@${digest}@${digest}`,
  'docker://a',
])('%j is refused', (text) => expect(() => parseReference(text)).toThrow(/names no image/));

test('a registry on this machine is known by its host', () => {
  const hosts = ['127.0.0.1:5000', 'localhost', '[::1]:1', 'registry.example', '127.0.0.1.example'];
  const near = hosts.filter((registry) => isLoopback({ registry, repository: 'a' }));
  expect(near).toEqual(['127.0.0.1:5000', 'localhost', '[::1]:1']);
});
