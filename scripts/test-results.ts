import { existsSync, readFileSync } from 'node:fs';

/** How many tests of a step passed and failed, and the names of those that failed. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly failures: readonly string[];
}

/** Reads what a test runner wrote; undefined when it wrote nothing that can be read. */
export type ResultReader = (path: string) => Counts | undefined;

interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** vitest's JSON reporter. A file that cannot be loaded has no tests and counts as one failure. */
export const readVitest: ResultReader = (path) => {
  if (!existsSync(path)) return undefined;
  const report = JSON.parse(readFileSync(path, 'utf8')) as VitestReport;
  const tests = report.testResults.flatMap((file) =>
    file.assertionResults.map((test) => ({ ...test, file: file.name })),
  );
  const broken = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  const failed = tests.filter(({ status }) => status === 'failed');
  return {
    passed: tests.filter(({ status }) => status === 'passed').length,
    failed: failed.length + broken.length,
    skipped: tests.filter(({ status }) => !['passed', 'failed'].includes(status)).length,
    failures: [...failed.map(({ file, fullName }) => `${file}: ${fullName}`), ...broken.map(({ name }) => name)],
  };
};

/** The JUnit file of ctest and of GoogleTest: attributes of each `<testcase>`, and what stands in it. */
export const readJunit: ResultReader = (path) => {
  if (!existsSync(path)) return undefined;
  const text = readFileSync(path, 'utf8');
  const cases = [...text.matchAll(/<testcase\b([^>]*?)(\/>|>([\s\S]*?)<\/testcase>)/g)].map((match) => {
    const [, attributes = '', , body = ''] = match;
    const name = /\bname="([^"]*)"/.exec(attributes)?.[1] ?? '?';
    const failed = /<(failure|error)\b/.test(body) || /\bstatus="fail"/.test(attributes);
    return {
      name,
      failed,
      skipped: !failed && (/<skipped\b/.test(body) || /\bstatus="(disabled|notrun)"/.test(attributes)),
    };
  });
  return {
    passed: cases.filter(({ failed, skipped }) => !failed && !skipped).length,
    failed: cases.filter(({ failed }) => failed).length,
    skipped: cases.filter(({ skipped }) => skipped).length,
    failures: cases.filter(({ failed }) => failed).map(({ name }) => name),
  };
};

/** The JSON of the suites in test/: `{passed, failed, rows: [{id, passed}]}`. */
export const readSuite: ResultReader = (path) => {
  if (!existsSync(path)) return undefined;
  const report = JSON.parse(readFileSync(path, 'utf8')) as {
    passed: number;
    failed: number;
    rows: readonly { id: string; passed: boolean }[];
  };
  const failures = report.rows.filter(({ passed }) => !passed).map(({ id }) => id);
  return { passed: report.passed, failed: report.failed, skipped: 0, failures };
};
