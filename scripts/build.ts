// `npm run build`: TypeScript runs as it is, so it is only checked; the kernel is built.
import { kernelCommands, runAll } from './commands.ts';

process.exitCode = await runAll([['tsc', '--noEmit'], ...kernelCommands]);
