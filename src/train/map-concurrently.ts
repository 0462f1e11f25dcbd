import pMap, { pMapSkip } from 'p-map';

export interface MapOptions {
  /** Calls under way at a time. Default 8: images are read and decoded on threads of their own. */
  readonly concurrency?: number;
  /** Stops between items, by throwing its reason. */
  readonly signal?: AbortSignal;
}

/**
 * Applies `map` to the items, several at a time, and returns the results in the order of the items. After a failure no
 * further item is begun and those under way are finished; as items are begun in order, the failure thrown is the first
 * item's that fails, whichever was slower.
 *
 * @throws what `map` threw for the first item that fails; the signal's reason
 */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  map: (item: T, index: number) => Promise<R>,
  { concurrency = 8, signal }: MapOptions = {},
): Promise<R[]> {
  const failures: { readonly index: number; readonly error: unknown }[] = [];
  const mapper = async (item: T, index: number) => {
    if (failures.length > 0) return pMapSkip;
    try {
      signal?.throwIfAborted();
      return await map(item, index);
    } catch (error) {
      failures.push({ index, error });
      return pMapSkip;
    }
  };
  const results = await pMap(items, mapper, { concurrency });
  const [first] = failures.sort((a, b) => a.index - b.index);
  if (first) throw first.error;
  return results;
}
