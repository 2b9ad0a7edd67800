import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**', 'build/**', 'dist/**', 'test/e2e/**', 'test/cluster-e2e/**'],
    // Tests run real programs (mkfs.erofs, dpkg-deb, QEMU) on small machines.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
