/** What no two parts of a script's `spec.azure` can both have: a name, a subnet, an address, a prefix. */
import { type AzureSurroundings, CLUSTER_NETWORK, ROUTES_MAX } from '../model/index.ts';
import type { Path } from './problem.ts';

interface Found {
  readonly path: Path;
  readonly message: string;
}

/** Something that belongs to one owner, and where it is claimed. */
interface Claim {
  readonly of: string;
  readonly owner: string;
  readonly path: Path;
}

const TITLES = {
  networkSecurityGroups: 'network security group',
  routeTables: 'route table',
  natGateways: 'NAT gateway',
  sites: 'site',
} as const;
const OF_SUBNETS = ['networkSecurityGroups', 'routeTables', 'natGateways'] as const;

export function conflictFindings(azure: AzureSurroundings): readonly Found[] {
  return [...nameFindings(azure), ...subnetFindings(azure), ...addressFindings(azure), ...routeFindings(azure)];
}

/** Every claim to what an earlier one has. */
function repeated(claims: readonly Claim[], message: (claim: Claim, earlier: Claim) => string): readonly Found[] {
  const first = new Map<string, Claim>();
  return claims.flatMap((claim) => {
    const earlier = first.get(claim.of);
    if (earlier !== undefined) return [{ path: claim.path, message: message(claim, earlier) }];
    first.set(claim.of, claim);
    return [];
  });
}

/** Azure knows resources by their names, whatever the case. */
function nameFindings(azure: AzureSurroundings): readonly Found[] {
  const claimsOf = (parts: readonly { readonly name: string }[], path: Path) =>
    parts.map(({ name }, i): Claim => ({ of: name.toLowerCase(), owner: name, path: [...path, i, 'name'] }));
  const kinds = Object.keys(TITLES) as (keyof typeof TITLES)[];
  return [
    ...kinds.flatMap((kind) =>
      repeated(claimsOf(azure[kind], [kind]), ({ owner }) => `a ${TITLES[kind]} named ${owner} is there already`),
    ),
    ...azure.virtualNetworks.flatMap(({ name, subnets }, i) =>
      repeated(
        claimsOf(subnets, ['virtualNetworks', i, 'subnets']),
        ({ owner }) => `${name} has a subnet ${owner} already`,
      ),
    ),
    ...azure.networkSecurityGroups.flatMap(({ name, securityRules }, i) =>
      repeated(
        claimsOf(securityRules, ['networkSecurityGroups', i, 'securityRules']),
        ({ owner }) => `${name} has a rule ${owner} already`,
      ),
    ),
    ...azure.routeTables.flatMap(({ name, routes }, i) =>
      repeated(claimsOf(routes, ['routeTables', i, 'routes']), ({ owner }) => `${name} has a route ${owner} already`),
    ),
  ];
}

/** `aks` is `aks-vnet/aks`. */
const wholeName = (subnet: string) => (subnet.includes('/') ? subnet : `${CLUSTER_NETWORK}/${subnet}`);

/** A subnet has one security group, one route table and one NAT gateway. */
function subnetFindings(azure: AzureSurroundings): readonly Found[] {
  return OF_SUBNETS.flatMap((kind) => {
    const claims = azure[kind].flatMap(({ name, subnets }, i) =>
      subnets.map((subnet, j): Claim => ({ of: wholeName(subnet), owner: name, path: [kind, i, 'subnets', j] })),
    );
    return repeated(claims, ({ of }, { owner }) => `subnet ${of} has ${TITLES[kind]} ${owner} already`);
  });
}

function addressFindings({ virtualMachines, natGateways }: AzureSurroundings): readonly Found[] {
  const inside = virtualMachines.map(({ name, subnet, privateIPAddress }, i): Claim => {
    const [network] = wholeName(subnet).split('/');
    return {
      of: `${network} ${privateIPAddress}`,
      owner: `machine ${name}`,
      path: ['virtualMachines', i, 'privateIPAddress'],
    };
  });
  const outside = [
    ...virtualMachines.flatMap(({ name, publicIPAddress: of }, i): readonly Claim[] =>
      of === undefined ? [] : [{ of, owner: `machine ${name}`, path: ['virtualMachines', i, 'publicIPAddress'] }],
    ),
    ...natGateways.flatMap(({ name, publicIpAddresses }, i) =>
      publicIpAddresses.map((of, j): Claim => {
        return { of, owner: `NAT gateway ${name}`, path: ['natGateways', i, 'publicIpAddresses', j] };
      }),
    ),
  ];
  const taken = ({ of }: Claim, { owner }: Claim) => `${of.split(' ').at(-1)} is ${owner}'s already`;
  return [...repeated(inside, taken), ...repeated(outside, taken)];
}

/** In the words of ARM's refusals: https://github.com/kubernetes-sigs/cloud-provider-azure/issues/657 */
function routeFindings({ routeTables }: AzureSurroundings): readonly Found[] {
  return routeTables.flatMap(({ routes }, i) => {
    const path = ['routeTables', i, 'routes'];
    const message = `${routes.length} routes are more than the ${ROUTES_MAX} of a table (RoutesPerRouteTableLimitReached)`;
    const claims = routes.map(({ name, addressPrefix }, j): Claim => {
      return { of: addressPrefix, owner: name, path: [...path, j, 'addressPrefix'] };
    });
    return [
      ...(routes.length > ROUTES_MAX ? [{ path, message }] : []),
      ...repeated(claims, ({ of }, { owner }) => `${of} is route ${owner}'s already (RouteConflict)`),
    ];
  });
}
