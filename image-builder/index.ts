export { type BuildOptions, buildImage } from './build-image.ts';
export { type BuiltImage, defaultCacheDirectory } from './cache/image-cache.ts';
export { type CheckedSystemCall, checkProgram, type ProgramCheck } from './check/check-program.ts';
export { BuildError, type BuildErrorCode } from './error.ts';
export { exists, pushLayout } from './publish/registry.ts';
export { formatReference, type ImageReference, parseReference } from './registry/reference.ts';
export type { RegistryAccess, SkopeoOptions } from './registry/skopeo.ts';
export { sourceOfApp } from './source/app-source.ts';
export type { Source } from './source/source.ts';
