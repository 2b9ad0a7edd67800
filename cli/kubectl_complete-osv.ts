#!/usr/bin/env node
// kubectl asks the program kubectl_complete-osv of the PATH for the completions of `kubectl osv`.
import { runMain } from './run-main.ts';

await runMain('kubectl osv', ['__complete', ...process.argv.slice(2)]);
