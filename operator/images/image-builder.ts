import type { OsvApp } from '../kubernetes/index.ts';
import type { ImageState } from './image-state.ts';

/**
 * Builds images, each key once however many apps want it. In a cluster a build is a Job, on one machine a child process.
 */
export interface ImageBuilder {
  /** What makes two images of one source differ: kernel and builder. Part of every key. */
  readonly identity: string;
  /** Resolves when `state` knows of everything that was there before this process. */
  synced(): Promise<void>;
  /** From memory, never waiting. */
  state(key: string): ImageState;
  /** Begins a build unless one of this key is under way or done. Returns at once; the outcome shows in `state`. */
  build(key: string, app: OsvApp): void;
  /** An app that is going away wants this image no longer; a build that nobody else wants ends. */
  abandon(key: string, app: OsvApp): void;
  /** Works until the signal is aborted, as long as this process leads; ends the builds that are its own by then. */
  start(signal: AbortSignal): Promise<void>;
  /** Hears the key of every image whose state has changed. */
  subscribe(listener: (key: string) => void): () => void;
}
