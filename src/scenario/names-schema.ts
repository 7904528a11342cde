/** The names outside of a script's cluster (`spec.names`). */
import * as z from 'zod';
import { type OutsideNames, parseAddress, RECORD_TYPE_NUMBERS } from '../model/index.ts';
import { parseDurationMs } from './duration.ts';

const name = z.string().min(1);

export const ipAddress = z.string().check((context) => {
  if (parseAddress(context.value) !== undefined) return;
  const message = `${JSON.stringify(context.value)} is no IP address`;
  context.issues.push({ code: 'custom', input: context.value, message });
});

const duration = z.string().check((context) => {
  if (parseDurationMs(context.value) !== undefined) return;
  const message = `${JSON.stringify(context.value)} is no duration, such as 500ms or 2s`;
  context.issues.push({ code: 'custom', input: context.value, message });
});

/** What cannot be a record's data, or its type; undefined where it is right. */
function complaintOf(type: string, data: string): string | undefined {
  if (!RECORD_TYPE_NUMBERS.has(type)) return `${JSON.stringify(type)} is no type of record, such as A or CNAME`;
  const value = parseAddress(data);
  if (type === 'A' && typeof value !== 'number') return `${JSON.stringify(data)} is no IPv4 address`;
  return type === 'AAAA' && typeof value !== 'string' ? `${JSON.stringify(data)} is no IPv6 address` : undefined;
}

const record = z
  .strictObject({ name: name.default('@'), type: name, ttl: z.int().min(0).default(300), data: name })
  .check((context) => {
    const message = complaintOf(context.value.type, context.value.data);
    if (message !== undefined) context.issues.push({ code: 'custom', input: context.value, message });
  });
const zone = { name, records: z.array(record).default([]) };

export const namesSchema = z.strictObject({
  publicZones: z.array(z.strictObject(zone)).optional(),
  privateDnsZones: z.array(z.strictObject({ ...zone, virtualNetworkLinks: z.array(name).default([]) })).optional(),
  nameServers: z
    .array(
      z.strictObject({
        address: ipAddress,
        zones: z.array(z.strictObject(zone)).default([]),
        forwardTo: ipAddress.optional(),
        answersAfter: duration.optional(),
      }),
    )
    .optional(),
});

/** The names with what was left out empty. */
export function namesOf({
  publicZones = [],
  privateDnsZones = [],
  nameServers = [],
}: z.infer<typeof namesSchema>): OutsideNames {
  const servers = nameServers.map(({ answersAfter, ...server }) => ({
    ...server,
    ...(answersAfter === undefined ? {} : { answersAfterMs: parseDurationMs(answersAfter)! }),
  }));
  return { publicZones, privateDnsZones, nameServers: servers } as OutsideNames;
}
