import { exitCodes } from '@osv/local/errors.ts';

/** What went wrong with a command on a cluster, as a stable word that scripts and tests can match. */
export type CommandErrorCode =
  | 'app-not-found'
  | 'invalid-argument'
  | 'no-operator'
  | 'no-revision'
  | 'paused'
  | 'rollout-failed'
  | 'unsupported';

/** An error whose message is a sentence that a person can act on. */
export class CommandError extends Error {
  readonly code: CommandErrorCode;
  /** Exit code of a command that ends with this error. */
  readonly exitCode: number;

  constructor(code: CommandErrorCode, message: string, options: { exitCode?: number } = {}) {
    super(message);
    this.name = 'CommandError';
    this.code = code;
    this.exitCode = options.exitCode ?? exitCodes.toolFailed;
  }
}
