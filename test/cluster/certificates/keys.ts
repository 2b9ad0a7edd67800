import { webcrypto } from 'node:crypto';

const pemLineLength = 64;

/** ECDSA on P-256: made in a millisecond, and taken by everything that speaks TLS. */
export function newKeyPair(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
}

/** PKCS #8 for a private key, SubjectPublicKeyInfo for a public one, as PEM (RFC 7468). */
export async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  const [format, label] =
    key.type === 'private' ? (['pkcs8', 'PRIVATE KEY'] as const) : (['spki', 'PUBLIC KEY'] as const);
  const bytes = Buffer.from((await webcrypto.subtle.exportKey(format, key)) as ArrayBuffer);
  const lines = bytes.toString('base64').match(new RegExp(`.{1,${pemLineLength}}`, 'g')) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
