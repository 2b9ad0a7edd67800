import manifest from './package.json' with { type: 'json' };

/** The product's version; every package of the workspace carries the same one. */
export const version: string = manifest.version;
