import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Certificate, type CertificateAuthority, createAuthority } from './authority.ts';
import { keyPem, newKeyPair } from './keys.ts';

/** Paths of a certificate and its key, both PEM. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** What the cluster's processes know each other by. Paths are absolute. */
export interface ClusterCertificates {
  /** Signs what serves and whom the API server believes; its key also signs CertificateSigningRequests. */
  readonly authority: CertificateAuthority;
  readonly authorityFiles: CertificateFiles;
  /** etcd believes only what this one has signed, so that a client of the API server is nobody there. */
  readonly etcdAuthorityFile: string;
  readonly etcdServer: CertificateFiles;
  readonly etcdClient: CertificateFiles;
  readonly apiServer: CertificateFiles;
  /** The front proxy: with it the API server tells extension servers, such as virt-api, who asks. */
  readonly frontProxyAuthorityFile: string;
  readonly frontProxyClient: CertificateFiles;
  /** Serves metrics and health of controller manager and scheduler. */
  readonly components: CertificateFiles;
  /** Signs and verifies the tokens of ServiceAccounts. */
  readonly serviceAccountKey: { readonly private: string; readonly public: string };
}

/** Makes all keys and certificates of a cluster below `folder`. */
export async function createClusterCertificates(folder: string, serviceAddress: string): Promise<ClusterCertificates> {
  await mkdir(folder, { mode: 0o700 });
  const [authority, etcdAuthority, frontProxyAuthority] = await Promise.all([
    createAuthority('osv-cluster'),
    createAuthority('osv-cluster-etcd'),
    createAuthority('osv-cluster-front-proxy'),
  ]);
  const write = async (name: string, content: string): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, content, { mode: 0o600 });
    return path;
  };
  const writePair = async (name: string, made: Certificate | Promise<Certificate>): Promise<CertificateFiles> => {
    const { certificate, key } = await made;
    return { certificate: await write(`${name}.crt`, certificate), key: await write(`${name}.key`, key) };
  };
  const loopback = { dnsNames: ['localhost'], addresses: ['127.0.0.1'] };
  const tokenKeys = await newKeyPair();
  return {
    authority,
    authorityFiles: await writePair('ca', authority),
    etcdAuthorityFile: await write('etcd-ca.crt', etcdAuthority.certificate),
    etcdServer: await writePair('etcd', etcdAuthority.issueServer({ commonName: 'etcd', ...loopback })),
    etcdClient: await writePair('etcd-client', etcdAuthority.issueClient({ commonName: 'kube-apiserver' })),
    apiServer: await writePair(
      'api-server',
      authority.issueServer({
        commonName: 'kube-apiserver',
        dnsNames: [...loopback.dnsNames, ...apiServerNames],
        addresses: [...loopback.addresses, serviceAddress],
      }),
    ),
    frontProxyAuthorityFile: await write('front-proxy-ca.crt', frontProxyAuthority.certificate),
    frontProxyClient: await writePair(
      'front-proxy-client',
      frontProxyAuthority.issueClient({ commonName: 'front-proxy-client' }),
    ),
    components: await writePair('components', authority.issueServer({ commonName: 'components', ...loopback })),
    serviceAccountKey: {
      private: await write('service-account.key', await keyPem(tokenKeys.privateKey)),
      public: await write('service-account.pub', await keyPem(tokenKeys.publicKey)),
    },
  };
}

/** What pods call the API server. */
const apiServerNames = [
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
];
