import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonName,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { keyPem, newKeyPair } from './keys.ts';

/** Both as PEM. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

export interface Subject {
  /** The user, where Kubernetes authenticates by certificate. */
  readonly commonName: string;
  /** Its groups. */
  readonly organizations?: readonly string[];
}

export interface ServerSubject extends Subject {
  readonly dnsNames?: readonly string[];
  readonly addresses?: readonly string[];
}

/** Who vouches for users. */
export interface ClientAuthority {
  /** PEM. */
  readonly certificate: string;
  issueClient(subject: Subject): Promise<Certificate>;
}

export interface CertificateAuthority extends ClientAuthority {
  /** PEM, for the controllers that sign requests. */
  readonly key: string;
  /** Also good as a client certificate: etcd speaks to itself with the one that it serves with. */
  issueServer(subject: ServerSubject): Promise<Certificate>;
}

/** Clusters live for minutes; a week lets `npm run cluster` stand on a developer's machine. */
const validDays = 7;
/** Processes of one machine share its clock; this is for a clock that is set back. */
const backdateMinutes = 10;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** A certificate authority with a key of its own; nothing of it outlives the cluster (RFC 5280). */
export async function createAuthority(commonName: string): Promise<CertificateAuthority> {
  const keys = await newKeyPair();
  const own = await X509CertificateGenerator.createSelfSigned({
    ...validity(),
    name: nameOf({ commonName }),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign | KeyUsageFlags.digitalSignature, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });

  async function issue(subject: ServerSubject, usages: ExtendedKeyUsage[]): Promise<Certificate> {
    const pair = await newKeyPair();
    const names = [
      ...(subject.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
      ...(subject.addresses ?? []).map((value) => ({ type: 'ip' as const, value })),
    ];
    const certificate = await X509CertificateGenerator.create({
      ...validity(),
      subject: nameOf(subject),
      issuer: own.subject,
      publicKey: pair.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: algorithm,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension(usages),
        ...(names.length > 0 ? [new SubjectAlternativeNameExtension(names)] : []),
      ],
    });
    return { certificate: certificate.toString('pem'), key: await keyPem(pair.privateKey) };
  }

  return {
    certificate: own.toString('pem'),
    key: await keyPem(keys.privateKey),
    issueClient: (subject) => issue(subject, [ExtendedKeyUsage.clientAuth]),
    issueServer: (subject) => issue(subject, [ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
  };
}

function nameOf({ commonName, organizations = [] }: Subject): JsonName {
  return [...organizations.map((group) => ({ O: [group] })), { CN: [commonName] }];
}

function validity() {
  const now = Date.now();
  return {
    // RFC 5280, section 4.1.2.2: positive, at most 20 bytes.
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    notBefore: new Date(now - backdateMinutes * 60_000),
    notAfter: new Date(now + validDays * 86_400_000),
  };
}
