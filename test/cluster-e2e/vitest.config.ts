import { defineConfig } from 'vitest/config';
import { Alphabetical } from './support/alphabetical.ts';

/** These tests share one real cluster; one file after the other, because some of them stop parts of it. */
export default defineConfig({
  test: {
    include: ['test/cluster-e2e/**/*.test.ts'],
    globalSetup: ['test/cluster-e2e/support/global-setup.ts'],
    fileParallelism: false,
    sequence: { sequencer: Alphabetical },
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
