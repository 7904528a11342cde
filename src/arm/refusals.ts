/**
 * What ARM refuses at once, in its words. Codes and sentences as users report them; the sources stand beside each.
 * https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors
 */
import { azure, cidrOf, contains, parseAddress, ROUTES_MAX } from '../model/index.ts';

interface PutContext {
  readonly before: azure.AzureResource | undefined;
  readonly etag: string | undefined;
  readonly cloud: azure.CloudView;
}

/** Why ARM refuses a PUT; undefined where it takes it. */
export function refusalOfPut(resource: azure.AzureResource, context: PutContext): azure.CloudError | undefined {
  return (
    refusalOfEtag(resource.id, context) ??
    busy(context.before) ??
    refusalOfFrontends(resource, context) ??
    refusalOfStaticAddresses(resource, context) ??
    refusalOfPriorities(resource) ??
    refusalOfRoutes(resource) ??
    refusalOfLabel(resource, context)
  );
}

/** Why ARM refuses a DELETE. A resource that is not there is deleted already: 404, which clients take for success. */
export function refusalOfDelete(
  resource: azure.ResourceName,
  id: string,
  before: azure.AzureResource | undefined,
  users: ReadonlySet<string>,
): azure.CloudError | undefined {
  if (before === undefined) {
    const message = `The Resource '${azure.RESOURCE_TYPES[resource]}/${azure.nameInId(id)}' under resource group '${azure.resourceGroupOf(id)}' was not found.`;
    return { status: 404, code: 'ResourceNotFound', message };
  }
  return busy(before) ?? inUse(resource, id, users);
}

function refusalOfEtag(id: string, { before, etag }: PutContext): azure.CloudError | undefined {
  if (etag === undefined || before?.etag === etag) return undefined;
  const message = `Precondition failed. The etag provided in if-match header ${etag} does not match etag '${before?.etag ?? ''}' of resource ${id} in NRP data store.`;
  return { status: 412, code: 'PreconditionFailed', message };
}

function busy(before: azure.AzureResource | undefined): azure.CloudError | undefined {
  const state = before?.properties.provisioningState;
  if (state !== 'Updating' && state !== 'Deleting') return undefined;
  const message = `Another operation on this or dependent resource is in progress. The resource ${before!.id} is in state ${state}.`;
  return { status: 409, code: 'AnotherOperationInProgress', message };
}

/** The frontends of a load balancer that were not checked when it was written before. */
function newFrontends(resource: azure.AzureResource, before: azure.AzureResource | undefined) {
  if (resource.type !== 'Microsoft.Network/loadBalancers') return [];
  const kept = new Set((before as azure.LoadBalancer | undefined)?.properties.frontendIPConfigurations);
  return (resource.properties.frontendIPConfigurations ?? []).filter((frontend) => !kept.has(frontend));
}

/** A public IP belongs to one frontend, and a frontend names what exists. */
function refusalOfFrontends(
  resource: azure.AzureResource,
  { cloud, before }: PutContext,
): azure.CloudError | undefined {
  for (const frontend of newFrontends(resource, before)) {
    const id = frontend.properties.publicIPAddress?.id;
    if (id === undefined || cloud.get('public-ip', id) !== undefined) continue;
    const message = `Resource ${id} referenced by resource ${resource.id} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region.`;
    return { status: 400, code: 'InvalidResourceReference', message };
  }
  return undefined;
}

/**
 * A frontend's static address is an address, and one of its subnet. Code and words: MicrosoftDocs/azure-docs#66270 (from an AKS
 * Service's events); of what cannot be parsed, Azure/azure-cli#934.
 */
function refusalOfStaticAddresses(
  resource: azure.AzureResource,
  { cloud, before }: PutContext,
): azure.CloudError | undefined {
  for (const frontend of newFrontends(resource, before)) {
    const { privateIPAddress = '', subnet } = frontend.properties;
    if (privateIPAddress === '' || subnet?.id === undefined) continue;
    const address = parseAddress(privateIPAddress);
    if (address === undefined) {
      const message = `Cannot parse the request. The private IP address ${privateIPAddress} of ${frontend.name} is not an IP address.`;
      return { status: 400, code: 'InvalidRequestFormat', message };
    }
    const prefixes = prefixesOf(subnet.id, cloud);
    if (prefixes.length === 0 || prefixes.some((prefix) => contains(cidrOf(prefix), address))) continue;
    const message = `Private static IP address ${privateIPAddress} does not belong to the range of subnet prefix ${prefixes.join(',')}.`;
    return { status: 400, code: 'PrivateIPAddressNotInSubnet', message };
  }
  return undefined;
}

/** The ranges of a subnet; none where ARM does not know it. */
function prefixesOf(subnetId: string, cloud: azure.CloudView): readonly string[] {
  const network = cloud.get('vnet', azure.parentId(subnetId));
  const subnet = network?.properties.subnets?.find(({ name }) => azure.sameId(name, azure.nameInId(subnetId)));
  const { addressPrefix, addressPrefixes = [] } = subnet?.properties ?? {};
  return addressPrefix === undefined || addressPrefixes.length > 0 ? addressPrefixes : [addressPrefix];
}

function refusalOfPriorities(resource: azure.AzureResource): azure.CloudError | undefined {
  if (resource.type !== 'Microsoft.Network/networkSecurityGroups') return undefined;
  const taken = new Map<string, string>();
  for (const { name, properties } of resource.properties.securityRules ?? []) {
    const place = `${properties.direction} ${properties.priority}`;
    const other = taken.get(place);
    taken.set(place, name);
    if (other === undefined) continue;
    const message = `Security rule ${name} conflicts with rule ${other}. Rules cannot have the same Priority and Direction.`;
    return { status: 400, code: 'SecurityRuleConflict', message };
  }
  return undefined;
}

/** Azure's own words for a route too many are not on record. Words of the conflict: https://github.com/kubernetes-sigs/cloud-provider-azure/issues/657 */
function refusalOfRoutes(resource: azure.AzureResource): azure.CloudError | undefined {
  if (resource.type !== 'Microsoft.Network/routeTables') return undefined;
  const { routes = [] } = resource.properties;
  if (routes.length > ROUTES_MAX) {
    const message = `Route table ${resource.name} cannot have more than ${ROUTES_MAX} routes.`;
    return { status: 400, code: 'RoutesPerRouteTableLimitReached', message };
  }
  const taken = new Map<string, string>();
  for (const { name, properties } of routes) {
    const other = taken.get(properties.addressPrefix);
    taken.set(properties.addressPrefix, name);
    if (other === undefined) continue;
    const message = `Route: ${name} conflicts with Route: ${other}. Routes cannot have the same AddressPrefix.`;
    return { status: 400, code: 'RouteConflict', message };
  }
  return undefined;
}

function refusalOfLabel(resource: azure.AzureResource, { cloud }: PutContext): azure.CloudError | undefined {
  if (resource.type !== 'Microsoft.Network/publicIPAddresses') return undefined;
  const label = resource.properties.dnsSettings?.domainNameLabel;
  if (label === undefined) return undefined;
  const other = cloud
    .list('public-ip')
    .find(({ id, properties }) => !azure.sameId(id, resource.id) && properties.dnsSettings?.domainNameLabel === label);
  if (other === undefined) return undefined;
  const message = `DNS record ${label}.${resource.location}.cloudapp.azure.com is already used by another public IP.`;
  return { status: 400, code: 'DnsRecordInUse', message };
}

function inUse(resource: azure.ResourceName, id: string, users: ReadonlySet<string>): azure.CloudError | undefined {
  const [user] = users;
  if (user === undefined) return undefined;
  if (resource === 'public-ip') {
    const message = `Public IP address ${id} can not be deleted since it is still allocated to resource ${user}. In order to delete the public IP, disassociate/detach the Public IP address from the resource.`;
    return { status: 400, code: 'PublicIPAddressCannotBeDeleted', message };
  }
  const message = `${azure.RESOURCE_TYPES[resource]} ${id} is in use by ${user}.`;
  return { status: 400, code: 'InUseResourceCannotBeDeleted', message };
}
