import { CommanderError } from 'commander';
import { createContext, type ProgramName } from './context.ts';
import { describeFailure } from './failure.ts';
import { buildProgram } from './program.ts';

/** A wrong command line is the tool's failure, as with docker; help that was asked for is none. */
const failureExitCode = 125;

/** Runs a command line and sets the exit code of the process. */
export async function runMain(programName: ProgramName, words: string[]): Promise<void> {
  const context = createContext(programName);
  reportLostOutput();
  try {
    if (words[0] === '__complete') {
      const { printCompletions } = await import('./completion/print-completions.ts');
      await printCompletions(context, words.slice(1));
      return;
    }
    const program = await buildProgram(words, context);
    await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    context.progress.clear();
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : failureExitCode;
    } else {
      const { message, exitCode } = describeFailure(error);
      process.stderr.write(`osv: ${message}\n`);
      process.exitCode = exitCode;
    }
  }
}

function reportLostOutput(): void {
  let outputFailed = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // A reader that went away, as in `osv ps | head -1`, is no error.
    if (error.code === 'EPIPE' || outputFailed) return;
    outputFailed = true;
    process.stderr.write(`osv: The output cannot be written: ${error.message}\n`);
  });
  process.on('exit', () => {
    // However the guest's program ended meanwhile: what it wrote is lost.
    if (outputFailed) process.exitCode = failureExitCode;
  });
  process.stderr.on('error', () => {});
}
