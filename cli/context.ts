import { stateFolders } from '@osv/local/instance/paths.ts';
import { InstanceStore } from '@osv/local/instance/store.ts';
import { Progress } from './output/progress.ts';

export type ProgramName = 'osv' | 'kubectl osv';

/** What every command works with; made once, in main.ts. */
export interface Context {
  /** How the person called it: `osv`, or `kubectl osv` for the plugin of kubectl. */
  programName: ProgramName;
  environment: NodeJS.ProcessEnv;
  store: InstanceStore;
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
  progress: Progress;
}

export function createContext(programName: ProgramName = 'osv'): Context {
  const environment = process.env;
  const { stdout, stderr } = process;
  const store = new InstanceStore(stateFolders(environment));
  return { programName, environment, store, stdout, stderr, progress: new Progress(stderr) };
}
