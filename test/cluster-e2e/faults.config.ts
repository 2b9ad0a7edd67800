import { defineConfig } from 'vitest/config';
import cluster from './vitest.config.ts';

/** Every fault of the operator, those that take too long for each change to the code included: `npm run faults`. */
export default defineConfig({
  test: {
    ...cluster.test,
    env: { OSV_EVERY_FAULT: '1' },
    include: ['test/cluster-e2e/operator/{kills,lease,node-lost,*-faults}.test.ts'],
  },
});
