/**
 * Resources as `az network … show` prints them: properties beside the rest, members in order of their names, and each part
 * with the group and type that its id says.
 */
import { azure } from '../model/index.ts';

type Json = Readonly<Record<string, unknown>>;

export function azureShow(resource: azure.AzureResource): string {
  return JSON.stringify(flattened(resource as unknown as Json), undefined, 2);
}

export function azureShowAll(resources: readonly azure.AzureResource[]): string {
  return JSON.stringify(
    resources.map((resource) => flattened(resource as unknown as Json)),
    undefined,
    2,
  );
}

function flattened(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(flattened);
  if (typeof value !== 'object' || value === null) return value;
  const { properties, ...rest } = value as Json & { readonly properties?: object };
  const members: Json = { ...groupOf(rest), ...rest, ...properties };
  const names = Object.keys(members).sort();
  return Object.fromEntries(names.map((name) => [name, flattened(members[name])]));
}

/** What `az` reads off an id. */
function groupOf({ id }: Json): Json {
  const resourceGroup = typeof id === 'string' ? azure.resourceGroupOf(id) : undefined;
  return resourceGroup === undefined ? {} : { resourceGroup };
}
