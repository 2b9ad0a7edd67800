import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { createApiClient } from '@osv/operator/kubernetes';
import { runControllers } from './controllers/run.ts';
import { lineLogger } from './line-logger.ts';

const { values } = parseArgs({
  options: {
    listen: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string' },
    kubeconfig: { type: 'string' },
    'launcher-image': { type: 'string' },
  },
});
const { listen, port, kubeconfig, 'launcher-image': launcherImage } = values;
if (!port || !kubeconfig || !launcherImage) throw new Error('Give --port, --kubeconfig and --launcher-image.');

let ready = false;
const health = createServer((_, response) => {
  response.writeHead(ready ? 200 : 503, { 'content-type': 'text/plain' }).end(ready ? 'ok' : 'listing');
});
health.listen(Number(port), listen);

const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
// As fast as virt-controller is by default.
const client = createApiClient({
  kubeconfig,
  fieldManager: 'virt-controller',
  userAgent: 'virt-controller/double',
  qps: 200,
  burst: 400,
});
await runControllers({
  client,
  launcherImage,
  logger: lineLogger('virt-controller'),
  signal: stop.signal,
  onReady: () => {
    ready = true;
  },
});
await client.close();
health.close();
health.closeAllConnections();
