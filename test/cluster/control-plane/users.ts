import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { CertificateAuthority, ClientAuthority, Subject } from '../certificates/authority.ts';
import type { CertificateFiles } from '../certificates/cluster-certificates.ts';

/** How a user proves who it is. */
export type Credential = { readonly token: string } | { readonly certificate: string; readonly key: string };

/** Certificate and key of the cluster's administrator. */
export function adminFiles(folder: string): CertificateFiles {
  return { certificate: join(folder, 'pki', 'admin.crt'), key: join(folder, 'pki', 'admin.key') };
}

export function adminKubeconfigPath(folder: string): string {
  return join(folder, 'kubeconfig');
}

/** Makes the administrator, whose group the API server lets do everything. */
export async function createAdmin(folder: string, server: string, authority: CertificateAuthority): Promise<void> {
  const made = await authority.issueClient({ commonName: 'admin', organizations: ['system:masters'] });
  const files = adminFiles(folder);
  await writeFile(files.certificate, made.certificate, { mode: 0o600 });
  await writeFile(files.key, made.key, { mode: 0o600 });
  const content = kubeconfig(server, authority.certificate, 'admin', made);
  await writeFile(adminKubeconfigPath(folder), content, { mode: 0o600 });
}

/** A kubeconfig that holds all it needs, so that it may be copied anywhere. */
export function kubeconfig(server: string, authorityCertificate: string, user: string, credential: Credential): string {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'osv', cluster: { server, 'certificate-authority-data': base64(authorityCertificate) } }],
    users: [
      {
        name: user,
        user:
          'token' in credential
            ? { token: credential.token }
            : {
                'client-certificate-data': base64(credential.certificate),
                'client-key-data': base64(credential.key),
              },
      },
    ],
    contexts: [{ name: 'osv', context: { cluster: 'osv', user } }],
    'current-context': 'osv',
  });
}

/** Writes a kubeconfig for a user whom the cluster's authority vouches for; returns its path. */
export async function writeKubeconfigFor(
  folder: string,
  server: string,
  authority: ClientAuthority,
  subject: Subject,
): Promise<string> {
  const path = join(folder, `${subject.commonName.replace(/[^\w.-]+/g, '-')}.kubeconfig`);
  const made = await authority.issueClient(subject);
  await writeFile(path, kubeconfig(server, authority.certificate, subject.commonName, made), { mode: 0o600 });
  return path;
}
