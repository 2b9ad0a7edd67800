import { expect, test } from 'vitest';
import { BuildError } from '../error.ts';
import { parseReference } from './reference.ts';
import { explain } from './skopeo.ts';

const reference = parseReference('registry.example/apps:1');
const level = 'time="2026-01-01T00:00:00Z" level=fatal';

test.each([
  ['reading manifest 1 in registry.example/apps: manifest unknown', 'not-found'],
  ['reading manifest: received unexpected HTTP status: 403 Forbidden', 'registry-denied'],
  // Digests hold any three digits; trying again helps here.
  ['reading blob sha256:ab403f: unexpected EOF', 'registry'],
])('%s: %s', (said, code) => {
  const cause = new BuildError('tool-failed', `skopeo failed with status 1: ${level} msg="${said}"`);
  expect(explain(cause, reference).code).toBe(code);
});
