import { type BuildFailure, ContractError } from '@osv/contracts';
import { BuildError } from '../error.ts';

/** Exit statuses: those of sysexits(3) where it has one, and 128 + SIGTERM. */
export const exitStatus = { success: 0, refused: 1, usage: 2, temporary: 75, interrupted: 143 } as const;

/** What may be over when the same build is tried again. */
const temporaryCodes = new Set(['download', 'registry', 'tool-failed', 'interrupted', 'no-space', 'internal']);
const messageLengthMax = 2048;

function codeOf(error: unknown): string {
  if (error instanceof BuildError || error instanceof ContractError) return error.code;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'no-space';
  return String(code).startsWith('ERR_PARSE_ARGS_') ? 'usage' : 'internal';
}

/** What a failed build says, and the exit status of its process. */
export function describeFailure(error: unknown): { failure: BuildFailure; status: number } {
  const code = codeOf(error);
  const temporary = temporaryCodes.has(code);
  const message = (error instanceof Error ? error.message : String(error)).slice(0, messageLengthMax);
  const status =
    code === 'interrupted'
      ? exitStatus.interrupted
      : code === 'usage'
        ? exitStatus.usage
        : temporary
          ? exitStatus.temporary
          : exitStatus.refused;
  return { failure: { error: { code, message, temporary } }, status };
}
