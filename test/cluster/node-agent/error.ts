/** What went wrong, as a stable word that tests can match. */
export type NodeAgentErrorCode =
  | 'addresses-exhausted'
  | 'image-invalid'
  | 'invalid-argument'
  | 'not-found'
  | 'pull-failed'
  | 'tool-failed'
  | 'unsupported';

/** An error whose message is one sentence that a person can act on. */
export class NodeAgentError extends Error {
  readonly code: NodeAgentErrorCode;

  constructor(code: NodeAgentErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'NodeAgentError';
    this.code = code;
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
