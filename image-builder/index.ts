export { type BuildOptions, buildImage } from './build-image.ts';
export { type BuiltImage, defaultCacheDirectory } from './cache/image-cache.ts';
export { BuildError, type BuildErrorCode } from './error.ts';
export { sourceOfApp } from './source/app-source.ts';
export type { Source } from './source/source.ts';
