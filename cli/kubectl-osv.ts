#!/usr/bin/env node
// `kubectl osv`: kubectl runs the program kubectl-osv of the PATH with the words that follow.
import { runMain } from './run-main.ts';

await runMain('kubectl osv', process.argv.slice(2));
