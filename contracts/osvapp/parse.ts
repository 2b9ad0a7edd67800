import { isNode, LineCounter, parseAllDocuments } from 'yaml';
import { ContractError } from '../error.ts';
import type { OsvApp } from '../types/osvapp.ts';
import { osvAppProblems, type Problem } from './validate.ts';

type Source = OsvApp['spec']['source'];

/** An OsvApp as one machine takes it: the cluster's API, and `spec.source.directory` besides. */
export type LocalOsvApp = Omit<OsvApp, 'metadata' | 'spec'> & {
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  spec: Omit<OsvApp['spec'], 'source'> & { source: Source & { directory?: { path: string } } };
};

/**
 * The OsvApps in a YAML or JSON text of one or more documents.
 *
 * @param name what to call the text in errors: its file name
 * @throws ContractError `yaml` when the text is no YAML, `osvapp` when a document is no valid OsvApp; the message has
 * one line for each problem, with file and line number
 */
export function parseOsvApps(text: string, name: string): LocalOsvApp[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines });
  if (!Array.isArray(documents)) throw new ContractError('osvapp', `${name}: the file holds no OsvApp`);
  const apps: LocalOsvApp[] = [];
  for (const document of documents) {
    const syntax = document.errors[0];
    if (syntax) {
      const line = lines.linePos(syntax.pos[0]).line;
      throw new ContractError('yaml', `${name}:${line}: ${syntax.message.split('\n')[0]?.replace(/ at line.*$/, '')}`);
    }
    const value: unknown = document.toJS();
    if (value === null) continue;
    const problems = osvAppProblems(value);
    if (problems.length > 0) {
      const lineOf = (problem: Problem): number => {
        for (let path = problem.path; ; path = path.slice(0, -1)) {
          const node = document.getIn(path, true);
          if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
          if (path.length === 0) return 1;
        }
      };
      throw new ContractError(
        'osvapp',
        problems.map((problem) => `${name}:${lineOf(problem)}: ${problem.sentence}`).join('\n'),
      );
    }
    apps.push(value as LocalOsvApp);
  }
  if (apps.length === 0) throw new ContractError('osvapp', `${name}: the file holds no OsvApp`);
  return apps;
}
