import { suite } from './suite.ts';

/** Every fault of the operator, those that take too long for each change to the code included: `npm run faults`. */
export default suite({
  sideBySide: ['test/cluster-e2e/operator/{instance-faults,kills,lease,node-lost}.test.ts'],
  alone: ['test/cluster-e2e/operator/{api-faults,build-faults}.test.ts'],
  env: { OSV_EVERY_FAULT: '1' },
});
