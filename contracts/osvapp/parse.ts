import { isNode, LineCounter, parseAllDocuments } from 'yaml';
import { ContractError } from '../error.ts';
import type { OsvApp } from '../types/osvapp.ts';
import { type ConfigurationObject, configurationKind, configurationObject } from './configuration-object.ts';
import { documentProblems, type Problem } from './validate.ts';

type Source = OsvApp['spec']['source'];

/** An OsvApp as one machine takes it: the cluster's API, and `spec.source.directory` besides. */
export type LocalOsvApp = Omit<OsvApp, 'metadata' | 'spec'> & {
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  spec: Omit<OsvApp['spec'], 'source'> & { source: Source & { directory?: { path: string } } };
};

/** What a file holds, in its order. */
export interface AppDocuments {
  apps: LocalOsvApp[];
  objects: ConfigurationObject[];
}

/**
 * The OsvApps in a YAML or JSON text of one or more documents, and the ConfigMaps and Secrets beside them.
 *
 * @param name what to call the text in errors: its file name
 * @throws ContractError `yaml` when the text is no YAML, `osvapp` when a document is none of these or not valid; the
 * message has one line for each problem, with file and line number
 */
export function parseAppDocuments(text: string, name: string): AppDocuments {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines });
  const found: AppDocuments = { apps: [], objects: [] };
  if (!Array.isArray(documents)) return found;
  for (const document of documents) {
    const syntax = document.errors[0];
    if (syntax) {
      const line = lines.linePos(syntax.pos[0]).line;
      throw new ContractError('yaml', `${name}:${line}: ${syntax.message.split('\n')[0]?.replace(/ at line.*$/, '')}`);
    }
    const value: unknown = document.toJS();
    if (value === null) continue;
    const problems = documentProblems(value);
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
    if (configurationKind(value)) found.objects.push(configurationObject(value));
    else found.apps.push(value as LocalOsvApp);
  }
  return found;
}

/**
 * The OsvApps of a text, which holds at least one.
 *
 * @throws ContractError as parseAppDocuments does, and `osvapp` when there is none
 */
export function parseOsvApps(text: string, name: string): LocalOsvApp[] {
  const { apps } = parseAppDocuments(text, name);
  if (apps.length === 0) throw new ContractError('osvapp', noApp(name));
  return apps;
}

/** The sentence about a file without an app. */
export function noApp(name: string): string {
  return `${name}: the file holds no OsvApp`;
}
