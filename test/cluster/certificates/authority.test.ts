import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import { expect, test } from 'vitest';
import { createAuthority } from './authority.ts';

test('the authority says that it is one, and for a short time', async () => {
  const own = new X509Certificate((await createAuthority('test')).certificate);
  expect(own.ca).toBe(true);
  expect(own.verify(own.publicKey)).toBe(true);
  expect(Date.parse(own.validTo) - Date.now()).toBeLessThan(8 * 86_400_000);
});

test('a client certificate names user and groups, and serves nothing', async () => {
  const authority = await createAuthority('test');
  const issued = await authority.issueClient({ commonName: 'kate', organizations: ['system:nodes', 'b'] });
  const certificate = new X509Certificate(issued.certificate);
  expect(certificate.subject).toBe('O=system:nodes\nO=b\nCN=kate');
  expect(certificate.ca).toBe(false);
  expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  expect(certificate.checkIssued(new X509Certificate(authority.certificate))).toBe(true);
});

test('TLS trusts those of this authority, both ways, and nobody else', async () => {
  const [authority, stranger] = await Promise.all([createAuthority('test'), createAuthority('test')]);
  const served = await authority.issueServer({ commonName: 'server', addresses: ['127.0.0.1'] });
  const server = createServer(
    {
      cert: served.certificate,
      key: served.key,
      ca: authority.certificate,
      requestCert: true,
      // An answer, because with TLS 1.3 a client learns of its refusal only when it reads.
    },
    (socket) => socket.end('welcome'),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const speak = async (as: typeof authority, trusts: typeof authority) => {
    const client = await as.issueClient({ commonName: 'client' });
    const socket = connect({
      port,
      host: '127.0.0.1',
      cert: client.certificate,
      key: client.key,
      ca: trusts.certificate,
    });
    let answer = '';
    socket.on('data', (data) => (answer += data));
    await once(socket, 'close');
    return answer;
  };
  expect(await speak(authority, authority)).toBe('welcome');
  await expect(speak(authority, stranger)).rejects.toThrow();
  expect(await speak(stranger, authority).catch((error: Error) => error)).not.toBe('welcome');
  server.close();
});
