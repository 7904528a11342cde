/** Whether chance falls the same way: many connections to one Service, counted by the pod that took them. */
import { type Dice, formatAddress, PROTOCOL_NUMBERS, SYN } from '../../src/model/index.ts';
import { outcomes } from '../../src/packet/index.ts';
import { chiSquareProbability } from '../../src/scenario/index.ts';
import type { DrawnPod, DrawnService } from './case.ts';
import { clusterOf, serviceName } from './cluster.ts';
import { modeOf } from './compare.ts';
import { layoutOf } from './layout.ts';
import { playInLinux } from './linux.ts';
import { emulatedPacket, type SentPacket } from './packets.ts';
import { type Loading, planOf } from './plan.ts';

export const CONNECTIONS = 3000;
/** Below this the shares disagree. */
export const PROBABILITY_MIN = 0.001;
const ENDPOINTS_MIN = 3;
const ENDPOINTS_RANGE = 6;
const NODES = 3;
const FIRST_PORT = 20_000;

const SERVICE: DrawnService = {
  app: 0,
  type: 'ClusterIP',
  protocols: ['TCP'],
  open: true,
  affinity: false,
  externalTrafficPolicy: 'Cluster',
  internalTrafficPolicy: 'Cluster',
  externalIP: false,
  ingress: 'none',
  sourceRanges: 'none',
};

export interface Shares {
  readonly endpoints: number;
  /** connections by endpoint, in the emulator's order; those that went elsewhere are in none */
  readonly counts: readonly number[];
  /** of counts as uneven as these, if the emulator's shares are right */
  readonly probability: number;
}

export function compareShares(loading: Loading, dice: Dice): Shares {
  const endpoints = ENDPOINTS_MIN + dice.below(ENDPOINTS_RANGE);
  const pods = Array.from(
    { length: endpoints },
    (_, index): DrawnPod => ({ app: 0, node: index, state: 'ready', hostNetwork: false }),
  );
  const client: DrawnPod = { app: 1, node: 0, state: 'ready', hostNetwork: false };
  const drawn = { nodes: NODES, loader: loading.loader, pods: [...pods, client], services: [SERVICE] };
  const emulator = clusterOf(drawn, modeOf(loading.loader));
  const layout = layoutOf(emulator);
  const { clusterIP = '' } = emulator.get('Service', `default/${serviceName(0)}`)!.spec;
  const from = `pod/default/pod-${endpoints}`;
  const source = layout.senders.find(({ host }) => host === from)!.address;
  const packets = Array.from({ length: CONNECTIONS }, (_, index) => connection(index + 1, from, source, clusterIP));
  const { heard } = playInLinux(planOf(emulator, layout, packets, loading));
  const ways = outcomes(emulator.world.host(from)!, emulatedPacket(packets[0]!), emulator.now);
  const opened = heard.filter(({ what }) => what === `flags ${SYN}`);
  const counts = ways.map(({ seen }) => {
    const address = formatAddress(seen.destination);
    return opened.filter(({ destination }) => destination === address).length;
  });
  const observed = ways.map(({ probability }, index) => ({ observed: counts[index]!, share: probability }));
  return { endpoints, counts, probability: chiSquareProbability(observed) };
}

function connection(number: number, from: string, source: string, destination: string): SentPacket {
  const sender = { from, client: from, mark: 0, balanced: false, source, sourcePort: FIRST_PORT + number };
  const receiver = { destination, destinationPort: 80, protocol: PROTOCOL_NUMBERS.TCP };
  return { number, ...sender, ...receiver, flags: SYN, ttl: 64, answered: false, title: 'the shared Service' };
}

/** Whether every connection reached an endpoint, and the shares are the emulator's. */
export function sharesAgree({ counts, probability }: Shares): boolean {
  return counts.reduce((sum, count) => sum + count, 0) === CONNECTIONS && probability > PROBABILITY_MIN;
}
