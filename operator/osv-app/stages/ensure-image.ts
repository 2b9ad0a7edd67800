import type { BuiltImage } from '../../images/image-state.ts';
import type { Action, Observed, StageOutcome } from '../model.ts';

export type ImageOutcome = StageOutcome & { readonly image: BuiltImage | undefined };

/**
 * Owns ImageReady and Compatible: the app's image exists in the registry, and what the kernel lacks for it is known.
 *
 * @param unsupported sentences about what the spec asks for and there is not: no build is begun for it
 */
export function ensureImage({ app, image, now }: Observed, unsupported: readonly string[]): ImageOutcome {
  const { state } = image;
  if (unsupported.length > 0 && (state.state === 'absent' || state.state === 'failed')) {
    return { image: undefined, conditions: [notReady('Unsupported', unsupported.join(' ')), compatibilityUnknown] };
  }
  switch (state.state) {
    case 'absent':
      return {
        image: undefined,
        actions: [{ type: 'build-image', key: image.key }],
        conditions: [notReady('Building', 'The image is being built.'), compatibilityUnknown],
      };
    case 'building': {
      const message = state.obstacle ?? 'The image is being built.';
      return { image: undefined, conditions: [notReady('Building', message), compatibilityUnknown] };
    }
    case 'failed': {
      const due = state.retryAt && state.retryAt <= now;
      const requeue = state.retryAt && !due ? (state.retryAt.getTime() - now.getTime()) / 1000 : undefined;
      const reason = state.temporary ? 'BuildRetrying' : 'BuildFailed';
      const message = `${state.message} (${state.code})`;
      const known = app.status?.conditions?.some(
        ({ type, message: said }) => type === 'ImageReady' && said === message,
      );
      const actions: Action[] = [
        ...(known ? [] : [{ type: 'event', severity: 'Warning', reason, message } as const]),
        ...(due ? [{ type: 'build-image', key: image.key } as const] : []),
      ];
      return {
        image: undefined,
        actions,
        conditions: [notReady(reason, message), compatibilityUnknown],
        ...(requeue === undefined ? {} : { requeueAfterSeconds: requeue }),
      };
    }
    case 'built': {
      const { reference, sizeBytes, kernelVersion, sbom } = state.image;
      return {
        image: state.image,
        conditions: [
          { type: 'ImageReady', status: 'True', reason: 'Built', message: `The image is ${reference}.` },
          compatibility(state.image),
        ],
        status: {
          image: { reference, sizeBytes, kernelVersion, sbom, key: image.key, sourceDigest: image.sourceDigest },
        },
        ...(app.status?.image?.reference === reference
          ? {}
          : {
              actions: [
                { type: 'event', severity: 'Normal', reason: 'ImageBuilt', message: `The image is ${reference}.` },
              ],
            }),
      };
    }
  }
}

function notReady(reason: 'Building' | 'BuildFailed' | 'BuildRetrying' | 'Unsupported', message: string) {
  return { type: 'ImageReady', status: 'False', reason, message } as const;
}

const compatibilityUnknown = {
  type: 'Compatible',
  status: 'Unknown',
  reason: 'NotChecked',
  message: 'The image is checked when it has been built.',
} as const;

function compatibility({ missingLibraries, missingSystemCalls }: BuiltImage) {
  if (missingLibraries.length > 0) {
    const message = `The image lacks libraries that its program needs: ${missingLibraries.join(', ')}.`;
    return { type: 'Compatible', status: 'False', reason: 'MissingLibraries', message } as const;
  }
  if (missingSystemCalls.length > 0) {
    const message = `The program may use system calls that the kernel answers with ENOSYS: ${missingSystemCalls.join(', ')}.`;
    return { type: 'Compatible', status: 'True', reason: 'SomeSystemCallsMissing', message } as const;
  }
  return {
    type: 'Compatible',
    status: 'True',
    reason: 'Complete',
    message: 'The kernel has every system call that the program is known to make.',
  } as const;
}
