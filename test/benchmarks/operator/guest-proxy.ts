import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface GuestProxy {
  /** http://127.0.0.1:PORT, for the operator's --guest-proxy. */
  readonly url: string;
  /** Questions answered so far. */
  readonly answers: number;
  close(): Promise<void>;
}

/** A guest's exposition has about so many bytes. */
const expositionBytes = 50_000;

/**
 * Answers for the guests of pretended nodes, which boot nothing: to every CONNECT (RFC 9110, section 9.3.6) it is itself
 * the guest, and shows metrics of a real one's size.
 */
export async function startGuestProxy(): Promise<GuestProxy> {
  const text = exposition();
  let answers = 0;
  const tunnels = new Set<Socket>();
  const server = createServer((_, response) => {
    answers += 1;
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    response.end(text);
  });
  server.on('connect', (_, socket: Socket) => {
    tunnels.add(socket);
    socket.on('close', () => tunnels.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    server.emit('connection', socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    get answers() {
      return answers;
    },
    close: () => {
      server.closeAllConnections();
      for (const socket of tunnels) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function exposition(): string {
  const lines = [
    '# HELP osv_boot_seconds Time from entry to the first instruction of the program.',
    '# TYPE osv_boot_seconds gauge',
    'osv_boot_seconds 0.0125',
    '# TYPE osv_build_info gauge',
    'osv_build_info{version="0.1.0"} 1',
    '# TYPE osv_pretended_total counter',
  ];
  let bytes = lines.join('\n').length;
  for (let index = 0; bytes < expositionBytes; index++) {
    const line = `osv_pretended_total{kind="sample",index="${index}"} ${index * 17}`;
    bytes += line.length + 1;
    lines.push(line);
  }
  return `${lines.join('\n')}\n`;
}
