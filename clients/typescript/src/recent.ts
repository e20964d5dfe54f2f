/** A cache of bounded size, which drops the least recently used value. */
export class Recent<Value> {
  readonly #values = new Map<string, Value>();

  constructor(private readonly size: number) {}

  get(name: string): Value | undefined {
    const found = this.#values.get(name);
    if (found !== undefined) this.set(name, found);
    return found;
  }

  set(name: string, value: Value): void {
    // A Map has its names in the order of insertion, so the first is the oldest.
    this.#values.delete(name);
    this.#values.set(name, value);
    const [oldest] = this.#values.keys();
    if (this.#values.size > this.size && oldest !== undefined) this.#values.delete(oldest);
  }
}
