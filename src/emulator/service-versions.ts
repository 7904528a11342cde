/**
 * Which version of the Services each node's kube-proxy has synced. Nodes are no subscribers: a node that keeps up has the
 * newest version, one that lags has a pointer into the past, looked up when a packet or a printer asks.
 */
import { ServiceTable } from '../dataplane/index.ts';
import type { Moment } from '../model/index.ts';

interface Version {
  readonly at: Moment;
  readonly table: ServiceTable;
}

interface Lag {
  readonly lagMs: number;
  /** what it had synced when it fell behind: a node never goes back in time */
  readonly syncedAt: Moment;
}

/** While a node lags, versions that nobody needs any more are dropped each time so many have come. */
const VERSIONS_BETWEEN_SWEEPS = 256;

export class ServiceVersions {
  #versions: Version[] = [{ at: 0, table: ServiceTable.EMPTY }];
  readonly #lags = new Map<string, Lag>();
  readonly #retainMs: number;

  /** @param retainMs for how long what was is kept, whether or not a node lags */
  constructor(retainMs = 0) {
    this.#retainMs = retainMs;
  }

  get newest(): ServiceTable {
    return this.#versions.at(-1)!.table;
  }

  record(at: Moment, table: ServiceTable): void {
    const isKept = this.#lags.size > 0 || this.#retainMs > 0;
    if (!isKept || this.#versions.at(-1)!.at === at) this.#versions.pop();
    this.#versions.push({ at, table });
    if (this.#versions.length % VERSIONS_BETWEEN_SWEEPS === 0) this.#forget(at);
  }

  /** From `now` on, `node` hears of changes `lagMs` late; 0 lets it catch up. */
  setLag(node: string, lagMs: number, now: Moment): void {
    if (lagMs > 0) this.#lags.set(node, { lagMs, syncedAt: this.#syncedAt(node, now) });
    else this.#lags.delete(node);
    this.#forget(now);
  }

  /** What `node` has synced at `now`. */
  of(node: string, now: Moment): ServiceTable {
    return this.#lags.size === 0 ? this.newest : this.at(this.#syncedAt(node, now));
  }

  /** What was the newest at a moment that is kept. */
  at(moment: Moment): ServiceTable {
    for (let i = this.#versions.length - 1; i > 0; i--) {
      const version = this.#versions[i]!;
      if (version.at <= moment) return version.table;
    }
    return this.#versions[0]!.table;
  }

  #syncedAt(node: string, now: Moment): Moment {
    const lag = this.#lags.get(node);
    return lag === undefined ? now : Math.max(lag.syncedAt, now - lag.lagMs);
  }

  /** Drops the versions that no node can still be at. */
  #forget(now: Moment): void {
    const oldest = Math.min(now - this.#retainMs, ...[...this.#lags.keys()].map((node) => this.#syncedAt(node, now)));
    const first = this.#versions.findLastIndex(({ at }) => at <= oldest);
    if (first > 0) this.#versions = this.#versions.slice(first);
  }
}
