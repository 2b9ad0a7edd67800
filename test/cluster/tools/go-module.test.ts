import { expect, test } from 'vitest';
import { parseGoModule, readGoModule } from './go-module.ts';
import { goTools } from './go-tools.ts';

test('reads versions and tools, alone and in blocks', () => {
  const parsed = parseGoModule(`module example.org/x // a comment

go 1.26.0

require example.org/one v1.2.3
require (
\texample.org/two v0.4.5 // indirect
)

tool example.org/one/cmd/one

tool (
\texample.org/two/cmd/two
)
`);
  expect(parsed.go).toBe('1.26.0');
  expect([...parsed.versions]).toEqual([
    ['example.org/one', 'v1.2.3'],
    ['example.org/two', 'v0.4.5'],
  ]);
  expect(parsed.tools).toEqual(['example.org/one/cmd/one', 'example.org/two/cmd/two']);
});

test('the module names the tools that are built, and no others', async () => {
  const { tools } = await readGoModule();
  expect([...tools].sort()).toEqual(Object.values(goTools).sort());
});

test("the staging modules are those of Kubernetes' own version", async () => {
  const { versions } = await readGoModule();
  const staged = versions.get('k8s.io/kubernetes')?.replace(/^v1\./, 'v0.');
  expect(staged).toMatch(/^v0\.\d+\.\d+$/);
  for (const name of ['api', 'apiserver', 'client-go', 'component-base', 'kubectl', 'kube-aggregator']) {
    expect(versions.get(`k8s.io/${name}`), name).toBe(staged);
  }
});
