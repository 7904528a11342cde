/** ip_range_parsing: ranges, tags and addresses as annotations spell them; aggregation of prefixes. */
import * as z from 'zod';
import {
  additionalPublicIps,
  aggregate,
  allowedRangesOf,
  allowedServiceTags,
  isInternal,
  mergeAdjacent,
  parsePrefix,
  type Ranges,
  SyncError,
  sourceRangesOf,
} from '../../../../controllers/azure/index.ts';
import { compared, type Outcome, type RecordedCase } from './replay.ts';
import { serviceShape } from './service.ts';

const service = serviceShape.prefault({});
const givenShape = z.discriminatedUnion('operation', [
  z.strictObject({ operation: z.literal('allowedIPRanges'), service }),
  z.strictObject({ operation: z.literal('sourceRanges'), service }),
  z.strictObject({ operation: z.literal('allowedServiceTags'), service }),
  z.strictObject({ operation: z.literal('additionalPublicIPs'), service }),
  z.strictObject({ operation: z.literal('isInternal'), service }),
  z.strictObject({ operation: z.literal('parsePrefix'), value: z.string() }),
  z.strictObject({ operation: z.literal('aggregate'), prefixes: z.array(z.string()) }),
  z.strictObject({ operation: z.literal('merge'), prefixes: z.tuple([z.string(), z.string()]) }),
]);

function rangesFound({ valid, invalid, error }: Ranges): object {
  return { valid: valid.map(({ text }) => text), invalid, ...(error === undefined ? {} : { error }) };
}

function observed(given: z.infer<typeof givenShape>): object {
  switch (given.operation) {
    case 'allowedIPRanges':
      return rangesFound(allowedRangesOf(given.service));
    case 'sourceRanges':
      return rangesFound(sourceRangesOf(given.service));
    case 'allowedServiceTags':
      return { tags: allowedServiceTags(given.service) };
    case 'additionalPublicIPs':
      return { ips: additionalPublicIps(given.service) };
    case 'isInternal':
      return { internal: isInternal(given.service) };
    case 'parsePrefix':
      return { prefix: parsePrefix(given.value).text };
    case 'aggregate':
      return { prefixes: aggregate(given.prefixes.map(parsePrefix)).map(({ text }) => text) };
    case 'merge': {
      const [a, b] = given.prefixes;
      const merged = mergeAdjacent(parsePrefix(a), parsePrefix(b));
      return merged === undefined ? { merged: false } : { merged: true, prefix: merged.text };
    }
    default:
      return given satisfies never;
  }
}

export function replayIpRangeParsing({ given, expect }: RecordedCase): Outcome {
  return compared(
    expect,
    orError(() => observed(givenShape.parse(given))),
  );
}

/** What was found, or the error that a `SyncError` says. */
export function orError(find: () => object): object {
  try {
    return find();
  } catch (error) {
    if (error instanceof SyncError) return { error: error.message };
    throw error;
  }
}
