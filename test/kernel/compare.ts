/** One case on both sides: the cluster, the same packets, and where the two differ. */
import type { Emulator } from '../../src/emulator/index.ts';
import type { Dice } from '../../src/model/index.ts';
import type { Case } from './case.ts';
import { clusterOf } from './cluster.ts';
import { EmulatedBatch } from './emulated.ts';
import { areSame, type Expected, type Heard } from './heard.ts';
import { layoutOf } from './layout.ts';
import { playInLinux } from './linux.ts';
import { packetsOf, type SentPacket } from './packets.ts';
import { BATCH, type Loader, planOf } from './plan.ts';

export interface Mismatch {
  readonly packet: SentPacket;
  readonly heard: readonly Heard[];
  readonly expected: readonly Expected[];
  /** the error that the sender's system call gave in Linux */
  readonly error: string | undefined;
  /** how many ways the emulator knew */
  readonly ways: number;
}

export interface Comparison {
  readonly emulator: Emulator;
  /** packets that went the same way on both sides */
  readonly same: readonly SentPacket[];
  readonly mismatches: readonly Mismatch[];
}

export function compare(drawn: Case, loader: Loader, dice: Dice): Comparison {
  const emulator = clusterOf(drawn);
  const { world, now } = emulator;
  const layout = layoutOf(emulator);
  const packets = packetsOf(drawn.packets, layout, world);
  const report = playInLinux(planOf(emulator, layout, packets, loader));
  const heardOf = groupByPacket(report.heard);
  const errors = new Map(report.errors.map(({ packet, error }) => [packet, error]));
  const same: SentPacket[] = [];
  const mismatches: Mismatch[] = [];
  for (let first = 0; first < packets.length; first += BATCH) {
    const sent = packets.slice(first, first + BATCH);
    const batch = new EmulatedBatch(sent, { world, layout, at: now, dice });
    const ways = sent.map((packet) => batch.send(packet, heardOf.get(packet.number) ?? []).length);
    batch.finish();
    for (const [index, packet] of sent.entries()) {
      const heard = heardOf.get(packet.number) ?? [];
      const expected = batch.expectedOf(packet);
      if (areSame(heard, expected)) same.push(packet);
      else mismatches.push({ packet, heard, expected, error: errors.get(packet.number), ways: ways[index]! });
    }
  }
  return { emulator, same, mismatches };
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
