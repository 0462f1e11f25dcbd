/**
 * A map from texts to what was derived from them, of at most `capacity` entries: the oldest make room for new ones.
 * For values that can be derived again.
 */
export class BoundedMap<Value> {
  private readonly entries = new Map<string, Value>();

  constructor(private readonly capacity: number) {}

  /** The value for `key`, derived now unless it is known. */
  get(key: string, derive: (key: string) => Value): Value {
    let value = this.entries.get(key);
    if (value === undefined) {
      value = derive(key);
      const [oldest] = this.entries.keys();
      if (this.entries.size >= this.capacity && oldest !== undefined) this.entries.delete(oldest);
      this.entries.set(key, value);
    }
    return value;
  }
}
