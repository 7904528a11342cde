/**
 * The Services that kube-proxy has been told of, as a persistent map: a change gives a new table that shares the rest.
 * A node holds a pointer to the version it has synced; 5,000 nodes that lag differently hold 5,000 pointers.
 */
import { Map as PersistentMap } from 'immutable';
import type { ServiceRecord } from './service-ports.ts';

export class ServiceTable {
  static readonly EMPTY = new ServiceTable(PersistentMap());
  readonly #records: PersistentMap<string, ServiceRecord>;

  private constructor(records: PersistentMap<string, ServiceRecord>) {
    this.#records = records;
  }

  get size(): number {
    return this.#records.size;
  }

  get(key: string): ServiceRecord | undefined {
    return this.#records.get(key);
  }

  set(key: string, record: ServiceRecord | undefined): ServiceTable {
    return new ServiceTable(record === undefined ? this.#records.delete(key) : this.#records.set(key, record));
  }

  /** every record, in no particular order: for printers, never on the way of a packet */
  records(): Iterable<ServiceRecord> {
    return this.#records.values();
  }
}
