/** vnet_ipam_pool: which pool and which address the azure-vnet-ipam plugin gives, and how it takes them back. */
import * as z from 'zod';
import {
  type AddressPool,
  type AddressWanted,
  type PoolWanted,
  releaseAddress,
  releasePool,
  requestAddress,
  requestPool,
} from '../../../../controllers/ipam/index.ts';
import { compared, type Outcome, type RecordedCase } from './replay.ts';

const poolShape = z
  .strictObject({
    id: z.string().optional(),
    ifName: z.string().optional(),
    ipv6: z.boolean().optional(),
    priority: z.int().optional(),
    refCount: z.int().optional(),
    gateway: z.string().optional(),
    addresses: z
      .array(z.strictObject({ ip: z.string(), id: z.string().optional(), inUse: z.boolean().optional() }))
      .optional(),
  })
  .transform(({ id = '', ifName, ipv6 = false, addresses = [], ...rest }) => ({
    ...rest,
    id,
    isIPv6: ipv6,
    ...(ifName === undefined ? {} : { interfaceName: ifName }),
    addresses: addresses.map(({ inUse = false, ...address }) => ({ ...address, inUse })),
  }));
const wantedPool = z
  .strictObject({ poolId: z.string().optional(), ifName: z.string().optional(), ipv6: z.boolean().optional() })
  .transform(({ ifName: interfaceName, ipv6: isIPv6, poolId }) => ({ poolId, interfaceName, isIPv6 }));
const wantedAddress = z.strictObject({
  address: z.string().optional(),
  id: z.string().optional(),
  type: z.literal('gateway').optional(),
});
const givenShape = z.discriminatedUnion('operation', [
  z.strictObject({
    operation: z.literal('requestPool'),
    pools: z.array(poolShape),
    request: wantedPool.optional(),
  }),
  z.strictObject({ operation: z.literal('releasePool'), pools: z.array(poolShape), poolId: z.string() }),
  z.strictObject({ operation: z.literal('requestAddress'), pool: poolShape, request: wantedAddress.optional() }),
  z.strictObject({
    operation: z.literal('releaseAddress'),
    pool: poolShape,
    address: z.string().optional(),
    id: z.string().optional(),
  }),
]);
type Given = z.infer<typeof givenShape>;

function observed(given: Given): Readonly<Record<string, unknown>> {
  switch (given.operation) {
    case 'requestPool': {
      const result = requestPool(pools(given.pools), (given.request ?? {}) as PoolWanted);
      return result.ok ? { pool: result.pool.id, refCount: result.pool.refCount } : { error: result.error };
    }
    case 'releasePool': {
      const result = releasePool(pools(given.pools), given.poolId);
      return result.ok ? { poolKept: true, refCount: result.pool.refCount ?? 0 } : { error: result.error };
    }
    case 'requestAddress': {
      const result = requestAddress(given.pool as AddressPool, (given.request ?? {}) as AddressWanted);
      if (!result.ok) return { error: result.error };
      return { address: result.address, inUse: inUse(result.pool, result.address) };
    }
    case 'releaseAddress': {
      const { address = '', id = '' } = given;
      const before = given.pool as AddressPool;
      const released = address === '' ? (before.addresses.find((each) => each.id === id)?.ip ?? '') : address;
      return { inUse: inUse(releaseAddress(before, { address, id }), released) };
    }
    default:
      throw new Error(`unknown operation ${JSON.stringify(given satisfies never)}`);
  }
}

const pools = (given: readonly object[]) => given as readonly AddressPool[];

function inUse({ addresses }: AddressPool, ip: string): boolean | undefined {
  return addresses.find((each) => each.ip === ip)?.inUse;
}

/** Each test looks at what it is about only: what is recorded is compared, and an error is never passed over. */
export function replayVnetIpamPool({ given, expect }: RecordedCase): Outcome {
  const expected = z.record(z.string(), z.unknown()).parse(expect);
  const got = observed(givenShape.parse(given));
  const names = new Set([...Object.keys(expected), ...('error' in got ? ['error'] : [])]);
  return compared(expected, Object.fromEntries([...names].map((name) => [name, got[name]])));
}
