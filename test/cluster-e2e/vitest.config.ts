import { suite } from './suite.ts';

export default suite({
  sideBySide: ['test/cluster-e2e/**/*.test.ts'],
  alone: [
    'test/cluster-e2e/{chart,control-plane,processes,reconcile-runtime,zz-rights}.test.ts',
    'test/cluster-e2e/operator/{api-faults,build-faults,volumes}.test.ts',
  ],
});
