/** cns_ip_assignment: pods ask one node's CNS for addresses and give them back, in the order of the steps. */
import * as z from 'zod';
import {
  type CnsAddress,
  type CnsPool,
  markExistingPendingRelease,
  markPendingRelease,
  releaseAddresses,
  requestAddresses,
} from '../../../../src/dataplane/index.ts';
import { addressOf, formatAddress } from '../../../../src/model/index.ts';
import { compared, type Outcome, type RecordedCase } from './replay.ts';

const STATES = ['Available', 'Assigned', 'PendingProgramming', 'PendingRelease'] as const;
const addresses = z.array(z.string());
const givenShape = z.strictObject({
  pool: z.array(z.strictObject({ ip: z.string(), nc: z.string(), state: z.enum(STATES), pod: z.string().optional() })),
  networkContainers: z.int().optional(),
  steps: z.array(
    z.discriminatedUnion('op', [
      z.strictObject({ op: z.literal('request'), pod: z.string(), desired: addresses.optional() }),
      z.strictObject({ op: z.literal('release'), pod: z.string() }),
      z.strictObject({ op: z.literal('markPendingRelease'), count: z.int() }),
      z.strictObject({ op: z.literal('markExistingPendingRelease'), ips: addresses }),
    ]),
  ),
});
const resultShape = z.strictObject({
  ips: addresses.optional(),
  error: z.literal(true).optional(),
  errorContains: z.string().optional(),
  marked: z.int().optional(),
  markedIPs: addresses.optional(),
  availableAfter: z.int().optional(),
});
const expectShape = z.strictObject({
  results: z.array(resultShape),
  counts: z.partialRecord(z.enum(STATES), z.int()).optional(),
  states: z.record(z.string(), z.enum(STATES)).optional(),
});
type Given = z.infer<typeof givenShape>;
type Step = Given['steps'][number];
type Result = z.infer<typeof resultShape>;

interface Done {
  readonly pool: CnsPool;
  readonly marked?: readonly string[];
  readonly ips?: readonly string[];
  readonly error?: string;
}

function poolOf({ pool, networkContainers }: Given): CnsPool {
  const containers = [...new Set(pool.map(({ nc }) => nc))].map((id) => ({ id, status: '' }));
  if (networkContainers !== undefined && networkContainers !== containers.length)
    throw new Error(`${networkContainers} network containers are wanted, the pool names ${containers.length}`);
  const entries = pool.map(({ ip, nc: container, state, pod }) => {
    const held: CnsAddress = pod === undefined ? { container, state } : { container, state, pod };
    return [addressOf(ip), held] as const;
  });
  return { containers, addresses: new Map(entries) };
}

function act(pool: CnsPool, step: Step): Done {
  switch (step.op) {
    case 'request': {
      const assignment = requestAddresses(pool, step.pod, step.desired?.map(addressOf));
      if (!assignment.ok) return { pool, error: assignment.error };
      return { pool: assignment.pool, ips: assignment.addresses.map(formatAddress) };
    }
    case 'release':
      return { pool: releaseAddresses(pool, step.pod) };
    case 'markPendingRelease': {
      const { pool: after, marked } = markPendingRelease(pool, step.count);
      return { pool: after, marked: marked.map(formatAddress) };
    }
    case 'markExistingPendingRelease': {
      const after = markExistingPendingRelease(pool, step.ips.map(addressOf));
      return 'error' in after ? { pool, error: after.error } : { pool: after };
    }
    default:
      throw new Error(`unknown step ${JSON.stringify(step satisfies never)}`);
  }
}

/** What the test said of the step, of what came out. CNS picks any of those that are free, so lists are compared as sets. */
function toldOf({ ips, error, marked = [], pool }: Done, expected: Result): Result {
  return {
    ...(error === undefined ? {} : { error: true }),
    ...(expected.errorContains !== undefined && error?.includes(expected.errorContains) === true
      ? { errorContains: expected.errorContains }
      : {}),
    ...(ips === undefined ? {} : { ips: [...ips].sort() }),
    ...(expected.marked === undefined ? {} : { marked: marked.length }),
    ...(expected.markedIPs === undefined ? {} : { markedIPs: [...marked].sort() }),
    ...(expected.availableAfter === undefined ? {} : { availableAfter: countOf(pool, 'Available') }),
  };
}

function countOf({ addresses: held }: CnsPool, wanted: string): number {
  return [...held.values()].filter(({ state }) => state === wanted).length;
}

function sorted(result: Result): Result {
  const { ips, markedIPs } = result;
  return {
    ...result,
    ...(ips === undefined ? {} : { ips: [...ips].sort() }),
    ...(markedIPs === undefined ? {} : { markedIPs: [...markedIPs].sort() }),
  };
}

export function replayIpAssignment(recorded: RecordedCase): Outcome {
  const given = givenShape.parse(recorded.given);
  const expected = expectShape.parse(recorded.expect);
  let pool = poolOf(given);
  const results = given.steps.map((step, i) => {
    const done = act(pool, step);
    ({ pool } = done);
    return toldOf(done, expected.results[i] ?? {});
  });
  const counts = Object.keys(expected.counts ?? {}).map((state) => [state, countOf(pool, state)]);
  const states = Object.keys(expected.states ?? {}).map((ip) => [ip, pool.addresses.get(addressOf(ip))?.state]);
  return compared(
    { ...expected, results: expected.results.map(sorted) },
    {
      results,
      ...(expected.counts === undefined ? {} : { counts: Object.fromEntries(counts) }),
      ...(expected.states === undefined ? {} : { states: Object.fromEntries(states) }),
    },
  );
}
