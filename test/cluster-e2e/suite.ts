import type { ViteUserConfig } from 'vitest/config';
import { Alphabetical } from './support/alphabetical.ts';

/** More often than they compute, these tests wait: for a probe's delay, a lease, a back-off. */
const filesAtOnce = 2;

/** Which files a run has; globs, from the root of the checkout. */
export interface Suite {
  readonly sideBySide: string[];
  /** Files that stop, restart or count what all share, or judge what the others did: after them, one at a time. */
  readonly alone: string[];
  readonly env?: Record<string, string>;
}

/** The files share one real cluster, where each has namespaces of its own. */
export function suite({ sideBySide, alone, env = {} }: Suite): ViteUserConfig {
  const timeouts = { testTimeout: 600_000, hookTimeout: 600_000 };
  const first = { include: sideBySide, exclude: alone, maxWorkers: filesAtOnce, sequence: { groupOrder: 0 } };
  const then = { include: alone, maxWorkers: 1, sequence: { groupOrder: 1 } };
  return {
    test: {
      globalSetup: ['test/cluster-e2e/support/global-setup.ts'],
      sequence: { sequencer: Alphabetical },
      projects: [
        { test: { name: 'side by side', ...first, ...timeouts, env } },
        { test: { name: 'alone', ...then, ...timeouts, env } },
      ],
    },
  };
}
