/**
 * azure: what the tests of cloud-provider-azure and azure-container-networking say, replayed against our own functions.
 * A file's name says what its cases are of; a file that nobody replays yet is skipped, case by case.
 */
import * as z from 'zod';
import type { CaseResult, RecordingFile, Suite } from '../suite.ts';
import { answersFor } from './azure/cloud-answers.ts';
import { replayIpAssignment } from './azure/cns-ip-assignment.ts';
import { replayPoolMonitor, replayPoolMonitorV2 } from './azure/cns-ip-pool.ts';
import { replayIpRangeParsing } from './azure/ip-range-parsing.ts';
import { replayKubenetRoutes } from './azure/kubenet-routes.ts';
import {
  replayPortConflicts,
  replayRuleEquality,
  replayRulesAndProbes,
  replaySharedProbe,
} from './azure/load-balancer-rules.ts';
import {
  replayBackendPoolMembers,
  replayFrontendOwnership,
  replayLoadBalancerReconcile,
} from './azure/load-balancers.ts';
import { replayMultipleLoadBalancers } from './azure/multiple-load-balancers.ts';
import { replayAnnotations, replayNames } from './azure/names.ts';
import { replayNodeCidrAllocation } from './azure/node-cidr-allocation.ts';
import { replayNodeNetworkConfig } from './azure/node-network-config.ts';
import { replayPrivateLink } from './azure/private-link.ts';
import { replayIpValidation, replayPublicIpOwnership, replayPublicIpReconcile } from './azure/public-ips.ts';
import type { RecordedCase, Replay } from './azure/replay.ts';
import { replaySecurityGroup } from './azure/security-group.ts';
import { replayAccessControl, replayRuleNames, replayRuleOperations } from './azure/security-rules.ts';
import { replayVnetIpamPool } from './azure/vnet-ipam-pool.ts';

/** By file name, without `.json`. */
const REPLAYS: { readonly [file: string]: Replay | undefined } = {
  backend_pool_members: replayBackendPoolMembers,
  cns_ip_assignment: replayIpAssignment,
  cns_ip_pool_v1: replayPoolMonitor,
  cns_ip_pool_v2: replayPoolMonitorV2,
  frontend_ownership: replayFrontendOwnership,
  ip_range_parsing: replayIpRangeParsing,
  kubenet_routes: replayKubenetRoutes,
  lb_names: replayNames,
  lb_port_conflicts: replayPortConflicts,
  lb_reconcile: replayLoadBalancerReconcile,
  lb_rule_equality: replayRuleEquality,
  lb_rules_and_probes: replayRulesAndProbes,
  multi_slb: replayMultipleLoadBalancers,
  node_cidr_allocation: replayNodeCidrAllocation,
  node_network_config: replayNodeNetworkConfig,
  nsg_access_control: replayAccessControl,
  nsg_reconcile: replaySecurityGroup,
  nsg_rule_names: replayRuleNames,
  nsg_rule_operations: replayRuleOperations,
  loadbalancer_ip_validation: replayIpValidation,
  private_link_service: replayPrivateLink,
  public_ip_ownership: replayPublicIpOwnership,
  public_ip_reconcile: replayPublicIpReconcile,
  service_annotations: replayAnnotations,
  shared_health_probe: replaySharedProbe,
  vnet_ipam_pool: replayVnetIpamPool,
};

const caseShape = z.strictObject({ name: z.string(), source: z.string(), given: z.unknown(), expect: z.unknown() });
const fileShape = z.strictObject({
  description: z.string(),
  cases: z.array(caseShape),
});

/** A case that throws fails alone. */
function resultOf(replay: Replay, recorded: Omit<RecordedCase, 'answers'>): CaseResult {
  const { name } = recorded;
  try {
    return { case: name, ...replay({ ...recorded, answers: answersFor(recorded) }) };
  } catch (error) {
    const got = error instanceof Error ? error.message : String(error);
    return { case: name, outcome: 'failed', difference: { path: name, expected: 'no error', got } };
  }
}

export const azureSuite: Suite = {
  name: 'azure',
  *run(file: RecordingFile) {
    const { cases } = fileShape.parse(file.json);
    const replay = REPLAYS[file.name.replace(/\.json$/, '')];
    for (const recorded of cases) {
      if (replay !== undefined) yield resultOf(replay, recorded);
      else yield { case: recorded.name, outcome: 'skipped', reason: `${file.name} is not replayed yet` };
    }
  },
};
