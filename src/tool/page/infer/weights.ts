import { WeightsError } from '../../../model/safetensors.js';

/** Weights that the server offers. */
export interface WeightsSource {
  readonly url: string;
  /** SHA-256, hexadecimal. */
  readonly sha256: string;
  readonly bytes: number;
}

export interface WeightsProgress {
  readonly received: number;
  readonly total: number;
  readonly cached: boolean;
}

const CACHE = 'sonde-weights';

/**
 * The weights, from the browser's cache where an earlier visit left them there. They are kept under their hash, and
 * checked against it; weights of other models make room for them.
 *
 * @throws WeightsError where they cannot be fetched, or are not what they should be
 */
export async function fetchWeights(
  source: WeightsSource,
  onProgress: (progress: WeightsProgress) => void,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { sha256, bytes: total } = source;
  const cache = await openCache();
  const key = `/weights/${sha256}`;
  const kept = await cache?.match(key).catch(() => undefined);
  if (kept) {
    const bytes = new Uint8Array(await kept.arrayBuffer());
    if (await hasHash(bytes, sha256)) {
      onProgress({ received: total, total, cached: true });
      return bytes;
    }
  }
  const bytes = await download(source, (received) => onProgress({ received, total, cached: false }), signal);
  if (!(await hasHash(bytes, sha256))) {
    throw new WeightsError('The downloaded weights do not match the hash that the server gives; reload the page.');
  }
  if (cache) await keep(cache, key, bytes);
  return bytes;
}

/** The cache; undefined if the page may not use one: over HTTP from another machine, or in a private window. */
async function openCache(): Promise<Cache | undefined> {
  if (typeof caches === 'undefined') return undefined;
  return caches.open(CACHE).catch(() => undefined);
}

async function keep(cache: Cache, key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  try {
    for (const request of await cache.keys()) await cache.delete(request);
    await cache.put(key, new Response(bytes));
  } catch {
    // No room on the disk: the next visit fetches them again.
  }
}

async function download(
  { url, bytes: total }: WeightsSource,
  onProgress: (received: number) => void,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(url, { cache: 'no-store', signal }).catch(() => undefined);
  if (!response?.ok || !response.body) {
    throw new WeightsError(
      `The weights could not be downloaded (${response ? `status ${response.status}` : 'no connection'}); reload the page when the server is running.`,
    );
  }
  const bytes = new Uint8Array(total);
  let received = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw new WeightsError(
        `The connection ended after ${received} of ${total} bytes of weights; reload the page when the server is running.`,
      );
    });
    if (done) return bytes.subarray(0, received);
    if (received + value.length > total) {
      throw new WeightsError(`The server sent more than the ${total} bytes of weights it announced; reload the page.`);
    }
    bytes.set(value, received);
    received += value.length;
    onProgress(received);
  }
}

async function hasHash(bytes: Uint8Array<ArrayBuffer>, sha256: string): Promise<boolean> {
  // Browsers hash on pages of https and of this machine only, which are those that have WebGPU.
  if (!crypto.subtle) return true;
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('') === sha256;
}
