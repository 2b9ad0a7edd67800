import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { get as getHttp, type IncomingMessage } from 'node:http';
import { get as getHttps } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { BuildError } from '../../error.ts';

export interface DownloadLimits {
  readonly bytesMax: number;
  /** Time until the first byte of an answer, and between any two pieces of it. */
  readonly silenceMilliseconds: number;
}

const defaultLimits: DownloadLimits = { bytesMax: 4 * 2 ** 30, silenceMilliseconds: 60_000 };
const redirectsMax = 5;
const redirects = new Set([301, 302, 303, 307, 308]);

/** A URL without what may be secret in it, for messages. */
function shown(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

function failure(url: URL, reason: string, cause?: unknown): BuildError {
  return new BuildError('download', `${shown(url)} cannot be downloaded: ${reason}`, { cause });
}

/** User and password of a URL, as HTTP's basic authentication (RFC 7617). @throws BuildError `bad-source` */
function credentialsOf(url: URL): string | undefined {
  if (url.username === '' && url.password === '') return undefined;
  try {
    const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    return `Basic ${Buffer.from(pair).toString('base64')}`;
  } catch {
    const sentence = `User or password in ${shown(url)} has a % that begins no escape; write it as %25`;
    throw new BuildError('bad-source', sentence);
  }
}

function parseUrl(text: string): URL {
  if (!URL.canParse(text)) throw new BuildError('bad-source', `${JSON.stringify(text)} is no URL`);
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new BuildError('bad-source', `${JSON.stringify(text)} is no http or https URL`);
  }
  return url;
}

/** An answer with its bytes as they come. fetch would unpack a tar.gz that its server calls gzip-encoded. */
function ask(url: URL, options: { signal: AbortSignal; headers: Record<string, string> }): Promise<IncomingMessage> {
  const get = url.protocol === 'https:' ? getHttps : getHttp;
  return new Promise((resolve, reject) => get(url, options, resolve).once('error', reject));
}

/** Where a redirect leads; never from https to anything less. */
function redirectTarget(from: URL, location: string | undefined): URL {
  if (location === undefined || !URL.canParse(location, from.href)) throw failure(from, 'it redirects to nowhere');
  const to = new URL(location, from);
  const secure = to.protocol === 'https:' || (to.protocol === 'http:' && from.protocol === 'http:');
  if (!secure) throw failure(from, `it redirects to ${to.protocol}//, which is less safe than ${from.protocol}//`);
  return to;
}

/**
 * Downloads a file over HTTP. Redirects are followed, but credentials in the URL go to its own origin alone.
 *
 * @returns the file's sha256 in hexadecimal
 * @throws BuildError `download` or `bad-source`
 */
export async function download(
  address: string,
  path: string,
  options: { signal?: AbortSignal | undefined; limits?: Partial<DownloadLimits> } = {},
): Promise<string> {
  const { bytesMax, silenceMilliseconds } = { ...defaultLimits, ...options.limits };
  const first = parseUrl(address);
  const credentials = credentialsOf(first);
  let url = first;
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(), silenceMilliseconds);
  const signal = options.signal ? AbortSignal.any([options.signal, silence.signal]) : silence.signal;
  try {
    for (let hops = 0; hops <= redirectsMax; hops++) {
      const bare = new URL(url);
      bare.username = '';
      bare.password = '';
      const own = credentials !== undefined && url.origin === first.origin;
      const response = await ask(bare, { signal, headers: own ? { authorization: credentials } : {} });
      const { statusCode = 0 } = response;
      timer.refresh();
      if (redirects.has(statusCode)) {
        response.destroy();
        url = redirectTarget(url, response.headers.location);
        continue;
      }
      if (statusCode !== 200) {
        response.destroy();
        throw failure(url, `the server answers ${statusCode}`);
      }
      return await save(response, path, signal, (bytes) => {
        timer.refresh();
        if (bytes > bytesMax) throw failure(url, `it is larger than ${bytesMax} bytes`);
      });
    }
    throw failure(first, `it redirects more than ${redirectsMax} times`);
  } catch (cause) {
    if (cause instanceof BuildError) throw cause;
    options.signal?.throwIfAborted();
    if (silence.signal.aborted) throw failure(url, `no answer for ${silenceMilliseconds / 1000} s`, cause);
    const reason = (cause as Error).cause instanceof Error ? ((cause as Error).cause as Error) : (cause as Error);
    throw failure(url, reason.message, cause);
  } finally {
    clearTimeout(timer);
  }
}

async function save(
  body: IncomingMessage,
  path: string,
  signal: AbortSignal,
  onBytes: (total: number) => void,
): Promise<string> {
  const hash = createHash('sha256');
  let total = 0;
  const counted = async function* (source: AsyncIterable<Uint8Array>) {
    for await (const chunk of source) {
      total += chunk.length;
      onBytes(total);
      hash.update(chunk);
      yield chunk;
    }
  };
  await pipeline(body, counted, createWriteStream(path), { signal });
  return hash.digest('hex');
}
