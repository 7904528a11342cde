/** Resource ids: `/subscriptions/S/resourceGroups/G/providers/Microsoft.Network/loadBalancers/kubernetes/probes/p`. */

export interface ResourceScope {
  readonly subscription: string;
  readonly resourceGroup: string;
}

/** The id of a resource. `type` as ARM writes it: `Microsoft.Network/loadBalancers`. */
export function resourceId({ subscription, resourceGroup }: ResourceScope, type: string, name: string): string {
  return `/subscriptions/${subscription}/resourceGroups/${resourceGroup}/providers/${type}/${name}`;
}

/** The id of a part of a resource: a load balancer's `probes`, a network's `subnets`. */
export function subResourceId(parent: string, collection: string, name: string): string {
  return `${parent}/${collection}/${name}`;
}

/** The last segment of an id: the name of what it identifies; empty where the id ends in a slash or is empty. */
export function nameInId(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1);
}

/** The id of the resource that a sub-resource's id lies in. */
export function parentId(id: string): string {
  return id.split('/').slice(0, -2).join('/');
}

export function resourceGroupOf(id: string): string | undefined {
  return /\/resourceGroups\/([^/]+)/i.exec(id)?.[1];
}

/** ARM's ids and names do not distinguish case. */
export function sameId(a: string | undefined, b: string | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.toLowerCase() === b.toLowerCase());
}
