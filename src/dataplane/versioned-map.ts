/** What versions can share. */
export interface KeyedTable<Value> {
  readonly size: number;
  get(key: string): Value | undefined;
  set(key: string, value: Value): unknown;
  delete(key: string): unknown;
  keys(): Iterable<string>;
}

/**
 * A persistent map that is as fast to read as a plain one: every version shares one table, which belongs to the newest of them.
 * An older version knows what differs from the next newer one; whoever reads it takes the table over, and the others give way.
 *
 * Made for what is changed one key at a time and nearly always read in its newest version. (Baker, Shallow Binding Makes
 * Functional Arrays Fast, 1991.)
 */
export class VersionedMap<Value, Table extends KeyedTable<Value> = Map<string, Value>> {
  static empty<Value>(): VersionedMap<Value> {
    return new VersionedMap<Value>(() => new Map());
  }

  /** The empty map of a kind of table that reads in ways of its own. */
  static of<Value, Table extends KeyedTable<Value>>(make: () => Table): VersionedMap<Value, Table> {
    return new VersionedMap<Value, Table>(make);
  }

  readonly #make: () => Table;
  /** the table, where this version has it */
  #table: Table | undefined;
  /** otherwise: the version to ask, and the one key in which it differs */
  #next: VersionedMap<Value, Table> | undefined;
  #key = '';
  #value: Value | undefined;

  private constructor(make: () => Table, table: Table = make()) {
    this.#make = make;
    this.#table = table;
  }

  get size(): number {
    return this.#taken().size;
  }

  /** What this version holds, to be read before any other version is looked at or changed. */
  get table(): Table {
    return this.#table ?? this.#taken();
  }

  get(key: string): Value | undefined {
    return this.table.get(key);
  }

  has(key: string): boolean {
    return this.table.get(key) !== undefined;
  }

  /** A copy: what is read from it stays this version's. */
  keys(): readonly string[] {
    return [...this.#taken().keys()];
  }

  values(): readonly Value[] {
    const table = this.#taken();
    return Array.from(table.keys(), (key) => table.get(key)!);
  }

  set(key: string, value: Value): VersionedMap<Value, Table> {
    const table = this.#taken();
    // The empty map is shared by all that begin with it, and must not remember them.
    if (table.size === 0) {
      const first = this.#make();
      first.set(key, value);
      return new VersionedMap<Value, Table>(this.#make, first);
    }
    const before = table.get(key);
    if (before === value) return this;
    table.set(key, value);
    return this.#succeeded(table, key, before);
  }

  delete(key: string): VersionedMap<Value, Table> {
    const table = this.#taken();
    const before = table.get(key);
    if (before === undefined) return this;
    table.delete(key);
    return this.#succeeded(table, key, before);
  }

  /** The newer version, which the table goes to; this one remembers how it differs. */
  #succeeded(table: Table, key: string, before: Value | undefined): VersionedMap<Value, Table> {
    const newer = new VersionedMap<Value, Table>(this.#make, table);
    this.#table = undefined;
    this.#next = newer;
    this.#key = key;
    this.#value = before;
    return newer;
  }

  /** The table as this version has it: difference by difference from whoever has it now. */
  #taken(): Table {
    if (this.#table !== undefined) return this.#table;
    const way: VersionedMap<Value, Table>[] = [];
    let holder: VersionedMap<Value, Table> = this;
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
  #takeFrom(holder: VersionedMap<Value, Table>): void {
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
