import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { type OverlayOptions, renderOverlay } from '../../train/overlay/index.js';

const MILLISECONDS = 10 * 60 * 1000;
const BYTES = 128 * 2 ** 20;

/**
 * Pictures of recent predictions. They exist in memory only, under names that cannot be guessed, for ten minutes or
 * until newer ones need the room; a picture is drawn when it is asked for.
 */
export class Overlays {
  private readonly kept: LRUCache<string, OverlayOptions>;

  constructor({ milliseconds = MILLISECONDS, bytes = BYTES } = {}) {
    this.kept = new LRUCache({ ttl: milliseconds, maxSize: bytes, sizeCalculation: ({ pixels }) => pixels.byteLength });
  }

  /**
   * @returns The picture's name and when it is forgotten; undefined for one that is larger than all the room there is
   */
  keep(overlay: OverlayOptions): { readonly id: string; readonly expires: Date } | undefined {
    const id = randomUUID();
    this.kept.set(id, overlay);
    const remaining = this.kept.has(id) ? this.kept.getRemainingTTL(id) : 0;
    return remaining > 0 ? { id, expires: new Date(Date.now() + remaining) } : undefined;
  }

  /** PNG; undefined if the picture does not exist or has expired. */
  async render(id: string): Promise<Uint8Array | undefined> {
    const overlay = this.kept.get(id);
    return overlay && renderOverlay(overlay);
  }

  clear(): void {
    this.kept.clear();
  }
}
