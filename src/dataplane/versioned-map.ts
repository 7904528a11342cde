/**
 * A persistent map that is as fast to read as a plain one: every version shares one table, which belongs to the newest of them.
 * An older version knows what differs from the next newer one; whoever reads it takes the table over, and the others give way.
 *
 * Made for what is changed one key at a time and nearly always read in its newest version. (Baker, Shallow Binding Makes
 * Functional Arrays Fast, 1991.)
 */
export class VersionedMap<Value> {
  static empty<Value>(): VersionedMap<Value> {
    return new VersionedMap(new Map());
  }

  /** the table, where this version has it */
  #table: Map<string, Value> | undefined;
  /** otherwise: the version to ask, and the one key in which it differs */
  #next: VersionedMap<Value> | undefined;
  #key = '';
  #value: Value | undefined;

  private constructor(table: Map<string, Value>) {
    this.#table = table;
  }

  get size(): number {
    return this.#taken().size;
  }

  get(key: string): Value | undefined {
    const table = this.#table ?? this.#taken();
    return table.get(key);
  }

  has(key: string): boolean {
    return this.#taken().has(key);
  }

  /** A copy: what is read from it stays this version's. */
  keys(): readonly string[] {
    return [...this.#taken().keys()];
  }

  values(): readonly Value[] {
    return [...this.#taken().values()];
  }

  set(key: string, value: Value): VersionedMap<Value> {
    const table = this.#taken();
    // The empty map is shared by all that begin with it, and must not remember them.
    if (table.size === 0) return new VersionedMap(new Map([[key, value]]));
    const before = table.get(key);
    if (before === value) return this;
    table.set(key, value);
    return this.#succeeded(table, key, before);
  }

  delete(key: string): VersionedMap<Value> {
    const table = this.#taken();
    const before = table.get(key);
    if (before === undefined) return this;
    table.delete(key);
    return this.#succeeded(table, key, before);
  }

  /** The newer version, which the table goes to; this one remembers how it differs. */
  #succeeded(table: Map<string, Value>, key: string, before: Value | undefined): VersionedMap<Value> {
    const newer = new VersionedMap(table);
    this.#table = undefined;
    this.#next = newer;
    this.#key = key;
    this.#value = before;
    return newer;
  }

  /** The table as this version has it: difference by difference from whoever has it now. */
  #taken(): Map<string, Value> {
    if (this.#table !== undefined) return this.#table;
    const way: VersionedMap<Value>[] = [];
    let holder: VersionedMap<Value> = this;
    while (holder.#table === undefined) {
      way.push(holder);
      holder = holder.#next!;
    }
    for (const version of way.reverse()) {
      version.#takeFrom(holder);
      holder = version;
    }
    return this.#table!;
  }

  /** From the neighbour that has the table: the two differ in one key. */
  #takeFrom(holder: VersionedMap<Value>): void {
    const table = holder.#table!;
    const theirs = table.get(this.#key);
    if (this.#value === undefined) table.delete(this.#key);
    else table.set(this.#key, this.#value);
    this.#table = table;
    this.#next = undefined;
    holder.#table = undefined;
    holder.#next = this;
    holder.#key = this.#key;
    holder.#value = theirs;
  }
}
