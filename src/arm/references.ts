/** Who uses a resource: kept up with each write, so that asking walks nothing. */
import type { azure } from '../model/index.ts';

const NOBODY: ReadonlySet<string> = new Set();

export class References {
  /** users' ids by the used one's, both in lower case; a user counts once for each place where it names the other */
  readonly #users = new Map<string, Map<string, number>>();

  usersOf(id: string): ReadonlySet<string> {
    const users = this.#users.get(id.toLowerCase());
    return users === undefined ? NOBODY : new Set(users.keys());
  }

  /** What `after` names instead of what `before` named. Parts that both share are not looked into. */
  replace(before: azure.AzureResource | undefined, after: azure.AzureResource | undefined): void {
    const shared = new Set<object>();
    if (before !== undefined && after !== undefined) {
      const kept = new Set<object>();
      for (const part of partsOf(before)) kept.add(part);
      for (const part of partsOf(after)) if (kept.has(part)) shared.add(part);
    }
    for (const id of namedBy(before, shared)) this.#count(id, before!.id, -1);
    for (const id of namedBy(after, shared)) this.#count(id, after!.id, 1);
  }

  #count(id: string, user: string, by: 1 | -1): void {
    const key = id.toLowerCase();
    const users = this.#users.get(key) ?? new Map<string, number>();
    const count = (users.get(user) ?? 0) + by;
    if (count > 0) users.set(user, count);
    else users.delete(user);
    if (users.size > 0) this.#users.set(key, users);
    else this.#users.delete(key);
  }
}

function* partsOf(resource: azure.AzureResource): Iterable<object> {
  for (const member of Object.values(resource.properties)) {
    if (!Array.isArray(member)) continue;
    for (const part of member) if (typeof part === 'object' && part !== null) yield part;
  }
}

/** The ids of other resources that a resource names anywhere in its properties. */
function* namedBy(resource: azure.AzureResource | undefined, shared: ReadonlySet<object>): Iterable<string> {
  if (resource === undefined) return;
  for (const [name, member] of Object.entries(resource.properties)) yield* references(name, member, resource, shared);
}

function* references(
  name: string,
  value: unknown,
  resource: azure.AzureResource,
  shared: ReadonlySet<object>,
): Iterable<string> {
  if (typeof value !== 'object' || value === null || shared.has(value)) return;
  if (name === 'id') return;
  const { id } = value as { id?: unknown };
  // A part's own id lies below its parent's; anything else with an id names another resource.
  if (typeof id === 'string' && !id.startsWith(`${resource.id}/`)) yield id;
  for (const [key, member] of Object.entries(value)) yield* references(key, member, resource, shared);
}
