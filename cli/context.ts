import { stateFolders } from '@osv/local/instance/paths.ts';
import { InstanceStore } from '@osv/local/instance/store.ts';
import { Progress } from './output/progress.ts';

/** What every command works with; made once, in main.ts. */
export interface Context {
  environment: NodeJS.ProcessEnv;
  store: InstanceStore;
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
  progress: Progress;
}

export function createContext(): Context {
  const environment = process.env;
  const { stdout, stderr } = process;
  const store = new InstanceStore(stateFolders(environment));
  return { environment, store, stdout, stderr, progress: new Progress(stderr) };
}
