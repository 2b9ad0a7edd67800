import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files in the order of their names: zz-rights.test.ts looks at what all the others have made the operator ask for. */
export class Alphabetical extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return [...files].sort((left, right) => (left.moduleId < right.moduleId ? -1 : 1));
  }
}
