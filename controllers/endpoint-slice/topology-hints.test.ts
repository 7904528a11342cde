import { describe, expect, it } from 'vitest';
import type { Node, Service } from '../../src/model/index.ts';
import { aNode, aPod, aService, SERVICE, World } from '../../test/support/service-world.ts';
import { endpointSliceController } from './index.ts';

const AUTO = { 'service.kubernetes.io/topology-mode': 'Auto' };

function aZonedNode(name: string, zone: string, cpu: string): Node {
  const status = { allocatable: { cpu }, conditions: [{ type: 'Ready', status: 'True' as const }] };
  return { ...aNode(name, zone), status };
}

function autoService(): Service {
  const service = aService();
  return { ...service, metadata: { ...service.metadata, annotations: AUTO } };
}

/** Nodes of so many CPUs, one a zone, and pods on them. */
function worldOf(cpus: Readonly<Record<string, string>>, pods: readonly (readonly [zone: string, count: number])[]) {
  const world = new World().remove('Node', 'node1');
  for (const [zone, cpu] of Object.entries(cpus)) world.put(aZonedNode(`node-${zone}`, zone, cpu));
  let number = 0;
  for (const [zone, count] of pods) {
    for (let i = 0; i < count; i++, number++)
      world.put(
        aPod({ name: `p${String(number).padStart(2, '0')}`, address: `10.244.0.${number}`, node: `node-${zone}` }),
      );
  }
  return world.put(autoService());
}

/** `zone of the endpoint > zone of its hint`, counted. */
function hintsOf(world: World): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { endpoints } of world.slices()) {
    for (const { zone, hints } of endpoints ?? []) {
      const text = `${zone} > ${hints?.forZones?.map(({ name }) => name).join() ?? 'nobody'}`;
      counts[text] = (counts[text] ?? 0) + 1;
    }
  }
  return counts;
}

const messagesOf = (world: World) =>
  world.reconcile().flatMap((intent) => (intent.do === 'event' ? [`${intent.reason}: ${intent.message}`] : []));

describe('topology-mode: Auto', () => {
  it('keeps endpoints at home where each zone has its share', () => {
    const world = worldOf({ a: '2', b: '2' }, [
      ['a', 2],
      ['b', 2],
    ]);
    expect(messagesOf(world)).toEqual([
      'TopologyAwareHintsEnabled: Topology Aware Hints has been enabled, addressType: IPv4',
    ]);
    expect(hintsOf(world)).toEqual({ 'a > a': 2, 'b > b': 2 });
    expect(world.reconcile()).toEqual([]);
  });

  it('lends endpoints of a zone that has too many to one that has too few', () => {
    const world = worldOf({ a: '2000m', b: '2' }, [
      ['a', 5],
      ['b', 1],
    ]);
    world.reconcile();
    expect(hintsOf(world)).toEqual({ 'a > a': 3, 'a > b': 2, 'b > b': 1 });
  });

  it.each([
    {
      why: 'fewer endpoints than zones',
      cpus: { a: '1', b: '1', c: '1' },
      pods: [['a', 2]] as const,
      says: 'Insufficient number of endpoints (2 endpoints, 3 zones)',
    },
    {
      why: 'a share that cannot be fair',
      cpus: { a: '1', b: '1' },
      pods: [['a', 3]] as const,
      says: 'Unable to allocate minimum required endpoints to each zone without exceeding overload threshold (3 endpoints, 2 zones)',
    },
    {
      why: 'a node that does not tell its CPU',
      cpus: { a: '1', b: '0' },
      pods: [['a', 2]] as const,
      says: 'Insufficient Node information: allocatable CPU or zone not specified on one or more nodes',
    },
  ])('gives no hints with $why', ({ cpus, pods, says }) => {
    const world = worldOf(cpus, pods);
    expect(messagesOf(world)).toEqual([`TopologyAwareHintsDisabled: ${says}, addressType: IPv4`]);
    expect(Object.keys(hintsOf(world))).toEqual(['a > nobody']);
  });

  it('takes its hints back when a zone comes to bear too much', () => {
    const world = worldOf({ a: '2', b: '2' }, [
      ['a', 2],
      ['b', 2],
    ]);
    world.reconcile();
    const bigger = aZonedNode('node-c', 'c', '60');
    const woken = () => endpointSliceController.watches.Node!(bigger, world.cache, 'node-c');
    expect(woken()).toEqual([]);
    world.put(bigger);
    expect(woken()).toEqual([SERVICE]);
    world.reconcile();
    expect(hintsOf(world)).toEqual({ 'a > nobody': 2, 'b > nobody': 2 });
  });
});
