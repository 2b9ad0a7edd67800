import { defineConfig } from 'vitest/config';

/** These tests boot the real kernel, one file after the other: the machines that run them have two CPUs. */
export default defineConfig({
  test: {
    include: ['test/e2e/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
