/**
 * What all resources of Azure Resource Manager have in common, in the shape of its REST API: an id that says where a resource
 * lies, a name, an etag, and `properties` of its own. Sub-resources (a load balancer's rules, a network's subnets) lie inside
 * of their parent and have ids below its id.
 *
 * Source: https://learn.microsoft.com/rest/api/virtualnetwork and /rest/api/load-balancer (Microsoft.Network, 2024-05-01).
 */

/** A reference to a resource or a sub-resource: its id. */
export interface Reference {
  readonly id: string;
}

export type Tags = Readonly<Record<string, string>>;

export type ProvisioningState = 'Succeeded' | 'Updating' | 'Deleting' | 'Failed';

/** What every properties bag holds once ARM has taken it; never part of what a client writes. */
export interface Provisioned {
  readonly provisioningState?: ProvisioningState;
}

/** Part of a parent, which is written and read with it. */
export interface SubResource<P> {
  readonly id?: string;
  readonly name: string;
  readonly etag?: string;
  readonly properties: P & Provisioned;
}

/** `T` is the resource's type as ARM writes it: `Microsoft.Network/loadBalancers`. */
export interface Resource<T extends string, P> extends SubResource<P> {
  readonly type: T;
  /** assigned by ARM from the place it was written to */
  readonly id: string;
  readonly location?: string;
  readonly tags?: Tags;
}
