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

/** ARM's ids and names do not distinguish case. Those of one collection differ near their ends: it is looked from there. */
export function sameId(a: string | undefined, b: string | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined || a.length !== b.length) return false;
  for (let i = a.length - 1; i >= 0; i--) if (lowerCase(a.charCodeAt(i)) !== lowerCase(b.charCodeAt(i))) return false;
  return true;
}

/** Of a letter from A to Z; names in Azure have no others that have a case. */
function lowerCase(code: number): number {
  return code >= 65 && code <= 90 ? code + 32 : code;
}
