import { expect, test } from 'vitest';
import { BuildError } from '../error.ts';
import { parseReference } from './reference.ts';
import { explain } from './skopeo.ts';

const reference = parseReference('registry.example/apps:1');
const level = 'time="2026-01-01T00:00:00Z" level=fatal';

test.each([
  ['reading manifest 1 in registry.example/apps: manifest unknown', 'not-found'],
  ['reading manifest: received unexpected HTTP status: 403 Forbidden', 'registry-denied'],
  ['Requesting bearer token: invalid status code from registry 403 (Forbidden)', 'registry-denied'],
  ['pinging container registry registry.example: StatusCode: 403, denied', 'registry-denied'],
  ['reading manifest 403 in registry.example/apps: connection reset by peer', 'registry'],
  ['pinging registry.example: Get https://registry.example/v2/apps/403: EOF', 'registry'],
  // Digests hold any three digits; trying again helps here.
  ['reading blob sha256:ab403f: unexpected EOF', 'registry'],
])('%s: %s', (said, code) => {
  const cause = new BuildError('tool-failed', `skopeo failed with status 1: ${level} msg="${said}"`);
  expect(explain(cause, reference).code).toBe(code);
});
