import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CertificateFiles } from '../certificates/cluster-certificates.ts';
import type { OwnedCluster } from '../cluster.ts';

/** Certificate and key by which KubeVirt's programs serve on loopback, signed by the cluster's authority. */
export async function servingFiles(cluster: OwnedCluster): Promise<CertificateFiles> {
  const folder = join(cluster.folder, 'kubevirt');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { certificate, key } = await cluster.certificates.authority.issueServer({
    commonName: 'virt-api.kubevirt.svc',
    dnsNames: ['localhost', 'virt-api.kubevirt.svc'],
    addresses: ['127.0.0.1'],
  });
  const files = { certificate: join(folder, 'tls.crt'), key: join(folder, 'tls.key') };
  await writeFile(files.certificate, certificate, { mode: 0o600 });
  await writeFile(files.key, key, { mode: 0o600 });
  return files;
}
