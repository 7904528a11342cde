/** One case on both sides: the cluster, the same packets, and where the two differ. */
import type { Dice, KubeProxyMode } from '../../src/model/index.ts';
import type { Outcome } from '../../src/packet/index.ts';
import type { Case } from './case.ts';
import { clusterOf } from './cluster.ts';
import { EmulatedBatch } from './emulated.ts';
import { areSame, type Heard } from './heard.ts';
import { layoutOf } from './layout.ts';
import { playInLinux } from './linux.ts';
import { packetsOf, type SentPacket } from './packets.ts';
import { BATCH, type Loader, planOf } from './plan.ts';

export interface Mismatch {
  readonly packet: SentPacket;
  readonly heard: readonly Heard[];
  readonly expected: readonly Heard[];
  /** the error that the sender's system call gave in Linux */
  readonly error: string | undefined;
  /** what the emulator says may happen to it */
  readonly outcomes: readonly Outcome[];
}

export interface Comparison {
  readonly packets: number;
  readonly mismatches: readonly Mismatch[];
}

export interface Machinery {
  readonly counts: boolean;
  readonly dice: Dice;
}

export function modeOf(loader: Loader): KubeProxyMode {
  return loader === 'nftables' ? 'nftables' : 'iptables';
}

/** Throws where Linux refuses the cluster, its rules among it. */
export function compare(drawn: Case, { counts, dice }: Machinery): Comparison {
  const emulator = clusterOf(drawn, modeOf(drawn.loader));
  const { world, now } = emulator;
  const layout = layoutOf(emulator);
  const packets = packetsOf(drawn.packets, layout, world);
  const report = playInLinux(planOf(emulator, layout, packets, { loader: drawn.loader, counts }));
  const heardOf = groupByPacket(report.heard);
  const errors = new Map(report.errors.map(({ packet, error }) => [packet, error]));
  const mismatches: Mismatch[] = [];
  for (let first = 0; first < packets.length; first += BATCH) {
    const sent = packets.slice(first, first + BATCH);
    const batch = new EmulatedBatch(sent, { world, layout, at: now, dice });
    const possible = sent.map((packet) => batch.send(packet, heardOf.get(packet.number) ?? []));
    batch.finish();
    for (const [index, packet] of sent.entries()) {
      const heard = heardOf.get(packet.number) ?? [];
      const expected = batch.expectedOf(packet);
      if (areSame(heard, expected)) continue;
      mismatches.push({ packet, heard, expected, error: errors.get(packet.number), outcomes: possible[index]! });
    }
  }
  return { packets: packets.length, mismatches };
}

function groupByPacket(all: readonly (Heard & { readonly packet: number })[]): ReadonlyMap<number, readonly Heard[]> {
  const byPacket = new Map<number, Heard[]>();
  for (const { packet, ...heard } of all) {
    const list = byPacket.get(packet);
    if (list === undefined) byPacket.set(packet, [heard]);
    else list.push(heard);
  }
  return byPacket;
}
