/**
 * The state of a cluster at rest, without what may differ between two fair runs: names that end at random, uids, revisions,
 * times, and which address was picked. Two runs that ought to agree are compared by it.
 */
import type { Emulator } from '../../src/emulator/index.ts';
import { type Condition, keyOf } from '../../src/model/index.ts';

const RANDOM_SUFFIX = /-[bcdfghjklmnpqrstvwxz2456789]{5}$/;
/** In the zone's printed form: `10-244-1-7.my-api.default.svc 30 IN A 10.244.1.7` */
const POD_RECORD = /^10-244-[\d-]+(\.\S+ \d+ IN A) 10\.244\.[\d.]+$/;
/** made of the time of the last change */
const SOA_SERIAL = / SOA (\S+ \S+) \d+ /;

/** Counts how often each line occurs, sorted. */
function tally(lines: Iterable<string>): readonly string[] {
  const counts = new Map<string, number>();
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
  return [...counts].map(([line, count]) => `${count} x ${line}`).sort();
}

function told(conditions: readonly Condition[] | undefined): string {
  return (conditions ?? [])
    .map(({ type, status, reason = '-', message = '-' }) => `${type}=${status} (${reason}: ${message})`)
    .sort()
    .join(', ');
}

function nodes(emulator: Emulator): readonly string[] {
  return emulator.list('Node').map(({ metadata, spec, status }) => {
    const taints = (spec.taints ?? []).map(({ key, effect }) => `${key}:${effect}`).sort();
    return `node ${metadata.name} [${taints.join(' ')}] ${told(status.conditions)}`;
  });
}

/** Which node has which block may differ: it is given to whoever is heard of first. */
function blocks(emulator: Emulator): readonly string[] {
  return emulator
    .list('Node')
    .map(({ spec }) => `block ${spec.podCIDR}`)
    .sort();
}

function pods(emulator: Emulator): readonly string[] {
  return tally(
    emulator.list('Pod').map((pod) => {
      const { phase, conditions, podIP } = pod.status;
      const name = keyOf(pod).replace(RANDOM_SUFFIX, '');
      const node = pod.spec.nodeName === undefined ? 'nowhere' : 'on a node';
      return `pod ${name} ${node} ${phase} ${podIP === undefined ? 'without' : 'with'} address ${told(conditions)}`;
    }),
  );
}

function workloads(emulator: Emulator): readonly string[] {
  const objects = [...emulator.list('Deployment'), ...emulator.list('ReplicaSet')];
  return objects
    .map((object) => {
      const { conditions, ...counts } = object.status as Record<string, unknown>;
      const said = told(conditions as readonly Condition[] | undefined);
      return `${object.kind} ${keyOf(object)} ${JSON.stringify(Object.entries(counts).sort())} ${said}`;
    })
    .sort();
}

function services(emulator: Emulator): readonly string[] {
  const specs = emulator.list('Service').map((service) => {
    const { clusterIP, type, ports = [] } = service.spec;
    const texts = ports.map(({ name = '', port, targetPort, protocol }) => `${name}:${port}>${targetPort}/${protocol}`);
    return `service ${keyOf(service)} ${type} ${clusterIP} ${texts.join(' ')}`;
  });
  const programmed = [...emulator.dataplane.service.records()].flatMap(({ ports }) =>
    ports.map(({ name, protocol, endpoints }) => {
      const states = endpoints.map(({ ready, serving, terminating }) =>
        JSON.stringify({ ready, serving, terminating }),
      );
      return `programmed ${name}/${protocol} ${tally(states).join(' ')}`;
    }),
  );
  return [...specs, ...programmed].sort();
}

/** How many slices hold the endpoints may differ: it depends on how many came at a time. */
function endpoints(emulator: Emulator): readonly string[] {
  return tally(
    emulator.list('EndpointSlice').flatMap(({ metadata, addressType, ports, endpoints: held }) =>
      (held ?? []).map(({ conditions, targetRef }) => {
        const service = `${metadata.namespace}/${metadata.labels?.['kubernetes.io/service-name']}`;
        const target =
          targetRef === undefined ? 'nothing' : `${targetRef.kind} ${targetRef.name?.replace(RANDOM_SUFFIX, '')}`;
        return `endpoint of ${service} ${addressType} ${target} ${JSON.stringify({ conditions, ports })}`;
      }),
    ),
  );
}

function zone(emulator: Emulator): readonly string[] {
  const lines = emulator.dump('zone', '').split('\n');
  return tally(lines.map((line) => line.replace(POD_RECORD, 'a pod$1 its own').replace(SOA_SERIAL, ' SOA $1 serial ')));
}

/** Lines that two fair runs have in common. */
export function quiescentState(emulator: Emulator): readonly string[] {
  const parts = [nodes, blocks, pods, workloads, services, endpoints, zone];
  return parts.flatMap((part) => part(emulator));
}

/** How many pods each node has, without saying which. */
export function spreadOf(emulator: Emulator): readonly number[] {
  const counts = new Map(emulator.list('Node').map(({ metadata }) => [metadata.name, 0]));
  for (const { spec } of emulator.list('Pod')) {
    if (spec.nodeName !== undefined) counts.set(spec.nodeName, (counts.get(spec.nodeName) ?? 0) + 1);
  }
  return [...counts.values()].sort((a, b) => a - b);
}
