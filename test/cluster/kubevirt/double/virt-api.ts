import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { admissionServer } from './admission/server.ts';

const { values } = parseArgs({
  options: {
    listen: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string' },
    'tls-cert-file': { type: 'string' },
    'tls-key-file': { type: 'string' },
  },
});
const { listen, port, 'tls-cert-file': certificateFile, 'tls-key-file': keyFile } = values;
if (!port || !certificateFile || !keyFile) throw new Error('Give --port, --tls-cert-file and --tls-key-file.');

const [cert, key] = await Promise.all([readFile(certificateFile, 'utf8'), readFile(keyFile, 'utf8')]);
const server = admissionServer({ cert, key });
server.listen(Number(port), listen);
process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
});
