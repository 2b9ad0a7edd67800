import { readFile } from 'node:fs/promises';
import { ApiError } from './api-error.ts';
import type { ExecStatus } from './exec-credentials.ts';
import type { Cluster, User } from './kubeconfig-file.ts';

/** Options of `tls.connect`; certificates and key are PEM. */
export interface Tls {
  ca?: string;
  cert?: string;
  key?: string;
  servername?: string;
  rejectUnauthorized?: boolean;
}

/**
 * How to speak TLS to a cluster as this user; what an exec plugin gave comes before the kubeconfig's own.
 *
 * @throws ApiError `credentials-unavailable` when a file cannot be read
 */
export async function readTls(cluster: Cluster, user: User, credential: ExecStatus | undefined): Promise<Tls> {
  const ca = await pem(cluster.caData, cluster.caFile);
  const cert = credential?.clientCertificateData ?? (await pem(user.certData, user.certFile));
  const key = credential?.clientKeyData ?? (await pem(user.keyData, user.keyFile));
  return {
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    ...(cluster.tlsServerName && { servername: cluster.tlsServerName }),
    ...(cluster.skipTLSVerify && { rejectUnauthorized: false }),
  };
}

async function pem(data: string | undefined, file: string | undefined): Promise<string | undefined> {
  if (data) return Buffer.from(data, 'base64').toString('utf8');
  if (!file) return undefined;
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const message = `The certificate or key ${file} of the kubeconfig cannot be read.`;
    throw new ApiError(message, { status: 0, reason: 'CredentialsUnavailable', cause });
  }
}
