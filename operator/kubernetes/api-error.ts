/** What a `Status` object of the API server says; Kubernetes API conventions, "Response Status Kind". */
export interface ApiStatus {
  kind?: string;
  status?: string;
  message?: string;
  reason?: string;
  code?: number;
  details?: { retryAfterSeconds?: number; causes?: { reason?: string; message?: string; field?: string }[] };
}

/** The reason that stands for an answer without a Status body, such as one of a proxy. */
const reasonOfStatus: Record<number, string> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  410: 'Expired',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/**
 * The API server refused, failed, or could not be reached.
 *
 * `status` is the HTTP status, 0 without an answer. `reason` is the server's (`AlreadyExists`, `Conflict`, …), or ours
 * where there was no answer: `Unreachable`, `Timeout` or `Aborted`. `code` is the same word in the form of all other
 * codes of the product: `already-exists`. `retryAfterSeconds` says when the server wants to be asked again.
 */
export class ApiError extends Error {
  readonly status: number;
  readonly reason: string;
  readonly retryAfterSeconds?: number;
  readonly code: string;

  constructor(
    message: string,
    options: { status: number; reason?: string | undefined; retryAfterSeconds?: number | undefined; cause?: unknown },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ApiError';
    this.status = options.status;
    this.reason = options.reason || (reasonOfStatus[options.status] ?? 'Unknown');
    this.code = this.reason.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();
    if (options.retryAfterSeconds !== undefined) this.retryAfterSeconds = options.retryAfterSeconds;
  }

  /** From the body of an answer, or from the object of a watch's ERROR event. */
  static fromStatus(
    what: string,
    body: ApiStatus | undefined,
    http: { status: number; retryAfterSeconds?: number | undefined },
  ): ApiError {
    const status = body?.code ?? http.status;
    const said = body?.message ? `: ${body.message}` : ` with status ${status}.`;
    const retryAfterSeconds = http.retryAfterSeconds ?? body?.details?.retryAfterSeconds;
    return new ApiError(`${what} was refused by the API server${said}`, {
      status,
      reason: body?.reason,
      retryAfterSeconds,
    });
  }
}

/** Somebody changed the object in between; the remedy is to look again. */
export function isConflict(error: unknown): error is ApiError {
  return error instanceof ApiError && error.status === 409 && error.reason !== 'AlreadyExists';
}

export function isAlreadyExists(error: unknown): error is ApiError {
  return error instanceof ApiError && error.reason === 'AlreadyExists';
}

export function isNotFound(error: unknown): error is ApiError {
  return error instanceof ApiError && error.status === 404;
}

/** The version from which a list or a watch should go on is no longer known (410). */
export function isExpired(error: unknown): error is ApiError {
  return error instanceof ApiError && (error.status === 410 || error.reason === 'Expired' || error.reason === 'Gone');
}
