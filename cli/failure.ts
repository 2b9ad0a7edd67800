import { exitCodes, LocalError } from '@osv/local/errors.ts';
import { CommandError } from './command-error.ts';

/** The exit codes of errors that other packages throw, by their codes. */
const exitCodeOf: Record<string, number> = {
  'not-found': exitCodes.notFound,
  'not-runnable': exitCodes.notExecutable,
};

/** The names of errors that other packages throw with a sentence for people; their modules are not loaded for this. */
const errorNames = new Set(['ApiError', 'BuildError', 'ContractError']);

export interface Failure {
  message: string;
  exitCode: number;
  /** False for a mistake of ours, for which a stack trace helps. */
  expected: boolean;
}

/** What a person is told about an error, and the exit code of the command. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof LocalError || error instanceof CommandError)
    return { message: error.message, exitCode: error.exitCode, expected: true };
  if (error instanceof Error && errorNames.has(error.name)) {
    const code = 'code' in error ? String(error.code) : '';
    return { message: error.message, exitCode: exitCodeOf[code] ?? exitCodes.toolFailed, expected: true };
  }
  if (error instanceof Error && 'syscall' in error) {
    return { message: systemFailure(error), exitCode: exitCodes.toolFailed, expected: true };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    message: `This is a defect of osv, please report it: ${message}`,
    exitCode: exitCodes.toolFailed,
    expected: false,
  };
}

/** What to do about the failures of the file system that a person can mend. */
const remedies: Record<string, string> = {
  ENOSPC: 'There is no space left on a disk that osv writes to',
  EDQUOT: 'The disk quota of this user is used up',
  EROFS: 'A folder that osv writes to is on a read-only file system',
  EACCES: 'This user may not use a file or folder that osv needs',
};

function systemFailure(error: Error): string {
  const cause = remedies['code' in error ? String(error.code) : ''];
  if (!cause) return error.message;
  const folders = 'XDG_STATE_HOME and XDG_CACHE_HOME choose where instances and images are kept';
  return `${cause} (${error.message}); ${folders}.`;
}
