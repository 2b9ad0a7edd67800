import { randomBytes } from 'node:crypto';

const tokenBytes = 32;

/** A management token: 256 random bits in hexadecimal. */
export function createToken(): string {
  return randomBytes(tokenBytes).toString('hex');
}
