import { describe, expect, it } from 'vitest';
import { azure } from '../model/index.ts';
import { type Operation, ResourceManager } from './arm.ts';

const SCOPE = { subscription: '0', resourceGroup: 'rg' };

function idOf(name: azure.ResourceName, own: string): string {
  return azure.resourceId(SCOPE, azure.RESOURCE_TYPES[name], own);
}

function publicIp(name: string, properties: azure.PublicIpAddress['properties'] = {}): azure.PublicIpAddress {
  return { type: 'Microsoft.Network/publicIPAddresses', id: idOf('public-ip', name), name, properties };
}

function balancerOf(name: string, publicIpId: string): azure.LoadBalancer {
  const frontend = { name: 'f', properties: { publicIPAddress: { id: publicIpId } } };
  const properties = { frontendIPConfigurations: [frontend] };
  return { type: 'Microsoft.Network/loadBalancers', id: idOf('lb', name), name, properties };
}

function newManager(): ResourceManager {
  let last = 3;
  return new ResourceManager({ publicAddress: () => `20.42.0.${++last}`, take: () => '10.0.0.9', release: () => {} });
}

/** Does a call from beginning to end. Throws where ARM refuses it. */
function carryOut(manager: ResourceManager, call: azure.CloudCall): void {
  const outcome = manager.begin(call);
  if (!outcome.ok) throw new Error(outcome.error.code);
  manager.finish(outcome.operation);
}

const put = (resource: azure.AzureResource): azure.CloudCall => ({ method: 'PUT', resource });

describe('a PUT', () => {
  it('is Updating until it is finished, and has its address then', () => {
    const manager = newManager();
    const outcome = manager.begin(put(publicIp('a')));
    const read = () => manager.get('public-ip', idOf('public-ip', 'A').toUpperCase())?.properties;
    expect(read()).toEqual({ provisioningState: 'Updating' });
    if (outcome.ok) manager.finish(outcome.operation);
    expect(read()).toEqual({ provisioningState: 'Succeeded', ipAddress: '20.42.0.4' });
  });

  it('gives parts ids below their parent, and leaves those that did not change the same objects', () => {
    const manager = newManager();
    carryOut(manager, put(publicIp('a')));
    carryOut(manager, put(balancerOf('kubernetes', idOf('public-ip', 'a'))));
    const before = manager.get('lb', idOf('lb', 'kubernetes'))!;
    expect(before.properties.frontendIPConfigurations![0]!.id).toBe(`${before.id}/frontendIPConfigurations/f`);
    carryOut(manager, put({ ...before, tags: { a: 'b' } }));
    const after = manager.get('lb', before.id)!;
    expect(after.properties.frontendIPConfigurations![0]).toBe(before.properties.frontendIPConfigurations![0]);
    expect(after.etag).not.toBe(before.etag);
  });

  it('that failed leaves the resource as it was written, in state Failed', () => {
    const manager = newManager();
    const outcome = manager.begin(put(publicIp('a', { idleTimeoutInMinutes: 9 })));
    if (outcome.ok) manager.finish(outcome.operation, { status: 500, code: 'InternalServerError', message: '' });
    const { properties } = manager.get('public-ip', idOf('public-ip', 'a'))!;
    expect(properties).toEqual({ idleTimeoutInMinutes: 9, provisioningState: 'Failed' });
  });
});

it('what goes with its machine is gone at once, and the operation on it ends as preempted, also after a new one came', () => {
  const manager = newManager();
  const write = (): Operation => {
    const outcome = manager.begin(put(publicIp('a')));
    if (!outcome.ok) throw new Error(outcome.error.code);
    return outcome.operation;
  };
  const first = write();
  manager.preempt('public-ip', first.id);
  expect(manager.get('public-ip', first.id)).toBeUndefined();
  expect(manager.finish(first)?.code).toBe('OperationPreempted');
  const second = write();
  expect(manager.finish(first)?.code).toBe('OperationPreempted');
  expect(manager.get('public-ip', first.id)?.properties.provisioningState).toBe('Updating');
  expect(manager.finish(second)).toBeUndefined();
});

describe('ARM refuses', () => {
  const refused = (manager: ResourceManager, call: azure.CloudCall) => {
    const outcome = manager.begin(call);
    return outcome.ok ? 'accepted' : `${outcome.error.status} ${outcome.error.code}`;
  };

  it('a write to what it works on, an old etag, a name that leads nowhere', () => {
    const manager = newManager();
    manager.begin(put(publicIp('a')));
    expect(refused(manager, put(publicIp('a')))).toBe('409 AnotherOperationInProgress');
    expect(refused(manager, { method: 'PUT', resource: publicIp('b'), etag: 'W/"1"' })).toBe('412 PreconditionFailed');
    expect(refused(manager, put(balancerOf('x', idOf('public-ip', 'b'))))).toBe('400 InvalidResourceReference');
  });

  it('to delete an address that a frontend has, until the frontend is gone', () => {
    const manager = newManager();
    const id = idOf('public-ip', 'a');
    carryOut(manager, put(publicIp('a')));
    carryOut(manager, put(balancerOf('kubernetes', id)));
    const remove: azure.CloudCall = { method: 'DELETE', resource: 'public-ip', id };
    expect(refused(manager, remove)).toBe('400 PublicIPAddressCannotBeDeleted');
    carryOut(manager, { method: 'DELETE', resource: 'lb', id: idOf('lb', 'kubernetes') });
    carryOut(manager, remove);
    expect(refused(manager, remove)).toBe('404 ResourceNotFound');
  });

  it('two security rules of one priority and direction, and a DNS label that another address has', () => {
    const manager = newManager();
    const rule = (name: string): azure.SecurityRule => ({
      name,
      properties: { protocol: '*', access: 'Allow', priority: 500, direction: 'Inbound' },
    });
    const type = 'Microsoft.Network/networkSecurityGroups';
    const properties = { securityRules: [rule('a'), rule('b')] };
    expect(refused(manager, put({ type, id: idOf('nsg', 'n'), name: 'n', properties }))).toBe(
      '400 SecurityRuleConflict',
    );
    carryOut(manager, put(publicIp('a', { dnsSettings: { domainNameLabel: 'web' } })));
    const second = put(publicIp('b', { dnsSettings: { domainNameLabel: 'web' } }));
    expect(refused(manager, second)).toBe('400 DnsRecordInUse');
  });

  it('of a route table: two routes with one prefix, or more than 400', () => {
    const manager = newManager();
    const table = (prefixes: readonly string[]): azure.RouteTable => {
      const id = idOf('route-table', 'rt');
      const routes = prefixes.map((addressPrefix, i) => {
        return { name: `r${i}`, properties: { addressPrefix, nextHopType: 'None' as const } };
      });
      return { type: 'Microsoft.Network/routeTables', id, name: 'rt', properties: { routes } };
    };
    const prefixes = Array.from({ length: 401 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`);
    expect(refused(manager, put(table(['10.0.0.0/24', '10.0.0.0/24'])))).toBe('400 RouteConflict');
    expect(refused(manager, put(table(prefixes)))).toBe('400 RoutesPerRouteTableLimitReached');
    carryOut(manager, put(table(prefixes.slice(1))));
    expect(manager.get('route-table', idOf('route-table', 'rt'))?.properties.routes).toHaveLength(400);
  });
});
