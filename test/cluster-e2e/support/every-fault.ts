import { test } from 'vitest';

/** A test of a fault that `npm run faults` plays and CI does not: a variant of one that CI plays. */
export const longTest = test.skipIf(process.env.OSV_EVERY_FAULT !== '1');
