/** nsg_rule_names, nsg_rule_operations, nsg_access_control: the security rules of Services. */
import * as z from 'zod';
import {
  type Access,
  accessOf,
  allow,
  allowRuleName,
  allowsInternet,
  byFamily,
  cleanDestinations,
  completeRules,
  deniesAllElse,
  denyAll,
  denyAllRuleName,
  grantAccess,
  type PortsByProtocol,
  removeDestinations,
  retainDestinations,
  type SecurityRules,
  sameRules,
} from '../../../../controllers/azure/index.ts';
import type { azure } from '../../../../src/model/index.ts';
import { orError } from './ip-range-parsing.ts';
import { compared, type Outcome, type RecordedCase } from './replay.ts';
import { securityRulesShape, serviceShape } from './service.ts';

const protocol = z.enum(['Tcp', 'Udp', '*']);
const texts = z.array(z.string());
const ports = z.array(z.int());

const family = z.enum(['IPv4', 'IPv6']);
const nameShape = z.union([
  z.strictObject({ denyAll: z.literal(true), family }),
  z.strictObject({ protocol, family, sources: texts, ports }),
]);

export function replayRuleNames({ given, expect }: RecordedCase): Outcome {
  const parsed = nameShape.parse(given);
  if ('denyAll' in parsed) return compared(expect, { name: denyAllRuleName(parsed.family) });
  return compared(expect, {
    name: allowRuleName(parsed.protocol, parsed.family, parsed.sources, parsed.ports),
  });
}

const operationShape = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('allowServiceTag'), tag: z.string(), protocol, destinations: texts, ports }),
  z.strictObject({ op: z.literal('allowIPRanges'), ranges: texts, protocol, destinations: texts, ports }),
  z.strictObject({ op: z.literal('denyAll'), destinations: texts }),
  z.strictObject({ op: z.literal('removeDestinations'), protocol, prefixes: texts, retainPorts: ports }),
  z.strictObject({ op: z.literal('retainDestinations'), prefixes: texts }),
]);

const operationsShape = z.union([
  z.strictObject({ existingSecurityRules: securityRulesShape, ops: z.array(operationShape) }),
  z.strictObject({
    limits: z.strictObject({
      ruleCount: z.int(),
      sourcePrefixCount: z.int(),
      destinationPrefixCount: z.int(),
    }),
  }),
]);

export function replayRuleOperations({ given, expect }: RecordedCase): Outcome {
  const parsed = operationsShape.parse(given);
  if ('limits' in parsed)
    return compared(
      expect,
      orError(() => completed(crowded(parsed.limits), [])),
    );
  const { existingSecurityRules: before, ops } = parsed;
  return compared(
    expect,
    orError(() => completed(ops.reduce(operated, before), before)),
  );
}

function completed(rules: SecurityRules, before: SecurityRules): object {
  const securityRules = completeRules(rules);
  return { updated: !sameRules(before, securityRules), securityRules };
}

function operated(rules: SecurityRules, operation: z.infer<typeof operationShape>): SecurityRules {
  switch (operation.op) {
    case 'allowServiceTag':
      return allow(rules, { ...operation, sources: [operation.tag] });
    case 'allowIPRanges':
      return allow(rules, { ...operation, sources: operation.ranges });
    case 'denyAll':
      return denyAll(rules, operation.destinations);
    case 'removeDestinations':
      return removeDestinations(rules, operation.protocol, operation.prefixes, operation.retainPorts);
    case 'retainDestinations':
      return retainDestinations(rules, (destination) => operation.prefixes.includes(destination));
    default:
      return operation satisfies never;
  }
}

/** Rules with so many sources and destinations altogether. */
function crowded(limits: {
  ruleCount: number;
  sourcePrefixCount: number;
  destinationPrefixCount: number;
}): SecurityRules {
  const { ruleCount, sourcePrefixCount, destinationPrefixCount } = limits;
  return Array.from({ length: ruleCount }, (_, i): azure.SecurityRule => {
    const share = (count: number) => (i === 0 ? count - ruleCount + 1 : 1);
    const addresses = (count: number) => Array.from({ length: count }, (_, n) => `10.${i}.${n >> 8}.${n & 255}`);
    return {
      name: `rule-${i}`,
      properties: {
        protocol: 'Tcp',
        access: 'Allow',
        direction: 'Inbound',
        priority: 500 + i,
        sourceAddressPrefixes: addresses(share(sourcePrefixCount)),
        destinationAddressPrefixes: addresses(share(destinationPrefixCount)),
      },
    };
  });
}

const retainPorts = z.partialRecord(protocol, ports).optional();
const accessOperation = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('patch'), destinationIPv4: texts, destinationIPv6: texts }),
  z.strictObject({ op: z.literal('clean'), destinationIPv4: texts, destinationIPv6: texts, retainPorts }),
  z.strictObject({ op: z.literal('retain'), destinationIPv4: texts, destinationIPv6: texts }),
]);
const accessShape = z.discriminatedUnion('operation', [
  z.strictObject({ operation: z.literal('allowFromInternet'), service: serviceShape }),
  z.strictObject({ operation: z.literal('denyAllExceptSourceRanges'), service: serviceShape }),
  z.strictObject({ operation: z.literal('construct'), service: serviceShape }),
  z.strictObject({
    operation: z.literal('apply'),
    service: serviceShape,
    existingSecurityRules: securityRulesShape,
    ops: z.array(accessOperation),
  }),
]);

function observedAccess(given: z.infer<typeof accessShape>): object {
  const access = accessOf(given.service);
  switch (given.operation) {
    case 'allowFromInternet':
      return { allow: allowsInternet(access) };
    case 'denyAllExceptSourceRanges':
      return { deny: deniesAllElse(access) };
    case 'construct':
      // Only that it does not fail is recorded.
      return {};
    case 'apply': {
      const before = given.existingSecurityRules;
      return completed(
        given.ops.reduce((rules, operation) => accessed(rules, operation, access), before),
        before,
      );
    }
    default:
      return given satisfies never;
  }
}

function accessed(rules: SecurityRules, operation: z.infer<typeof accessOperation>, access: Access): SecurityRules {
  const addresses = [...operation.destinationIPv4, ...operation.destinationIPv6];
  switch (operation.op) {
    case 'patch':
      return grantAccess(rules, access, byFamily(addresses));
    case 'clean':
      return cleanDestinations(rules, byFamily(addresses), portsMap(operation.retainPorts ?? {}));
    case 'retain':
      return retainDestinations(rules, (destination) => addresses.includes(destination));
    default:
      return operation satisfies never;
  }
}

function portsMap(recorded: Partial<Record<azure.SecurityProtocol, number[]>>): PortsByProtocol {
  return new Map(Object.entries(recorded) as [azure.SecurityProtocol, number[]][]);
}

export function replayAccessControl({ given, expect }: RecordedCase): Outcome {
  return compared(
    expect,
    orError(() => observedAccess(accessShape.parse(given))),
  );
}
