// Builds kernel/ into build/kernel/osv.elf.
import { kernelCommands, runAll } from './commands.ts';

process.exitCode = await runAll(kernelCommands);
