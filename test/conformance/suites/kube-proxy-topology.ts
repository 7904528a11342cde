/**
 * Which endpoints of a service port a node uses: CategorizeEndpoints' answers. One case a file.
 * Format: the README of the kube-proxy recordings.
 */
import { categorizeEndpoints, serviceRecordOf } from '../../../controllers/kube-proxy/index.ts';
import type { NodeFacts, ServiceEndpoint } from '../../../src/dataplane/index.ts';
import { addressOf } from '../../../src/model/index.ts';
import { firstDifference } from '../difference.ts';
import type { CaseResult, Difference, Suite } from '../suite.ts';
import { type RecordedEndpoint, type Recording, recordingOf } from './kube-proxy-topology/recording.ts';

const ZONE_LABEL = 'topology.kubernetes.io/zone';

function nodeFacts({ nodeName, nodeLabels }: Recording['config']): NodeFacts {
  const zone = nodeLabels?.[ZONE_LABEL];
  return { name: nodeName, addresses: [], podCidrs: [], ...(zone === undefined ? {} : { zone }) };
}

/** As it was given to the function: the recordings' slices only come near it, in that they cannot be ready and not serve. */
function endpointOf({ endpoint, local, ...rest }: RecordedEndpoint, node: string): ServiceEndpoint {
  const colon = endpoint.lastIndexOf(':');
  const { zoneHints, nodeHints, ...conditions } = rest;
  return {
    ...conditions,
    address: addressOf(endpoint.slice(0, colon).replace(/^\[|\]$/g, '')),
    port: Number(endpoint.slice(colon + 1)),
    text: endpoint,
    ...(local ? { nodeName: node } : {}),
    ...(zoneHints.length === 0 ? {} : { zoneHints }),
    ...(nodeHints.length === 0 ? {} : { nodeHints }),
  };
}

function names(endpoints: readonly ServiceEndpoint[] | undefined): readonly string[] | null {
  return endpoints?.map(({ text }) => text) ?? null;
}

function stepDiffers(step: Recording['steps'][number], config: Recording['config'], path: string) {
  const node = nodeFacts(config);
  const [port] = serviceRecordOf(step.services[0], step.endpointSlices)?.ports ?? [];
  if (port === undefined) throw new Error('the Service has no port that kube-proxy serves');
  const endpoints = (step.endpoints ?? []).map((endpoint) => endpointOf(endpoint, node.name));
  const { PreferSameTrafficDistribution: preferSameTrafficDistribution } = config.featureGates;
  const found = categorizeEndpoints({ ...port, endpoints }, node, { preferSameTrafficDistribution });
  const got = {
    clusterEndpoints: names(found.cluster),
    localEndpoints: names(found.local),
    allReachableEndpoints: names(found.allReachable),
    hasAnyEndpoints: found.hasAnyEndpoints,
  };
  return firstDifference(step.expected, got, `${path}.expected`);
}

function differenceIn({ config, steps }: Recording): Difference | undefined {
  for (const [i, step] of steps.entries()) {
    const difference = stepDiffers(step, config, `steps[${i}]`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

export const kubeProxyTopologySuite: Suite = {
  name: 'kube-proxy-topology',
  *run({ name, json }): Iterable<CaseResult> {
    const difference = differenceIn(recordingOf(json));
    if (difference === undefined) yield { case: name, outcome: 'passed' };
    else yield { case: name, outcome: 'failed', difference };
  },
};
