/** nsg_reconcile: the security group as one Service leaves it. */
import * as z from 'zod';
import { addressesOfService, reconcileSecurityGroup, sharedPortsOf } from '../../../../controllers/azure/index.ts';
import { type CloudAnswers, notRefused } from './cloud-answers.ts';
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

/** As the real client is asked: the group is read, then the load balancer, whose frontends and nodes are given; then it is written. */
export function replaySecurityGroup({ given, expect, answers }: RecordedCase): Outcome {
  const parsed = givenShape.parse(given);
  return compared(
    expect,
    orError(() => {
      const { rules, updated } = reconciled(parsed, answers);
      if (updated) notRefused(answers.putSecurityGroup);
      return { updated, securityRules: rules };
    }),
  );
}

function reconciled(given: Given, answers: CloudAnswers) {
  const { service, otherServices, nodes, lbIPs, wantLb, backendIPv4 = [], backendIPv6 = [] } = given;
  const nodeIps = nodes.flatMap(({ status }) => status.addresses.filter(({ type }) => type === 'InternalIP'));
  const known = new Set([...otherServices.flatMap(addressesOfService), ...nodeIps.map(({ address }) => address)]);
  const read = () => {
    notRefused(answers.getSecurityGroup);
    return given.existingSecurityRules;
  };
  return reconcileSecurityGroup(read, {
    service,
    wantLoadBalancer: wantLb,
    loadBalancerIps: lbIPs,
    backendIps: () => [...backendIPv4, ...backendIPv6],
    sharedPorts: (destinations) => {
      notRefused(answers.readLoadBalancer);
      return sharedPortsOf(service, otherServices, destinations);
    },
    belongs: (destination) => known.has(destination),
  });
}
