import type { Cause } from './cause.ts';

/** What the API server asks (AdmissionReview of admission.k8s.io/v1). */
export interface ReviewRequest {
  uid: string;
  operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  userInfo: { username?: string; groups?: string[]; extra?: Record<string, string[]> };
  object: unknown;
  oldObject: unknown;
  dryRun?: boolean;
}

export interface PatchOperation {
  op: 'add';
  path: string;
  value: unknown;
}

export interface Verdict {
  causes?: readonly Cause[];
  patch?: readonly PatchOperation[];
  warnings?: readonly string[];
}

/** Judges one request; what it throws becomes a refusal with status 400. */
export type Admitter = (request: ReviewRequest) => Verdict;

/** So many causes are told; of the rest only the number (ToAdmissionResponse in pkg/util/webhooks of KubeVirt). */
const causesMax = 10;

/** The `response` of an AdmissionReview. */
export function responseTo(request: ReviewRequest, admitter: Admitter): object {
  const { uid } = request;
  try {
    const { causes = [], patch, warnings } = admitter(request);
    if (causes.length > 0) return { uid, allowed: false, status: refusal(causes) };
    const patched = patch && patch.length > 0;
    return {
      uid,
      allowed: true,
      ...(patched ? { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') } : {}),
      ...(warnings?.length ? { warnings } : {}),
    };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { uid, allowed: false, status: { message, code: 400 } };
  }
}

function refusal(causes: readonly Cause[]): object {
  const told = causes.slice(0, causesMax);
  const rest = causes.length > causesMax ? `, and ${causes.length - causesMax} more` : '';
  return {
    message: `${told.map(({ message }) => message).join(', ')}${rest}`,
    reason: 'Invalid',
    code: 422,
    details: { causes: told },
  };
}
