/** Which address stands first, drawn by weights from a file. Source: CoreDNS plugin/loadbalance/weighted.go. */
import { addressOf, type Dice, type DnsRecord, formatAddress, parseAddress } from '../../../../src/model/index.ts';
import { groupsOf } from './record-groups.ts';

/** By name as the file spells it, with a final dot: each address and its weight. */
export type Weights = ReadonlyMap<string, readonly Weight[]>;

export interface Weight {
  /** in canonical form */
  readonly address: string;
  readonly weight: number;
}

/** Why a weight file is refused. Thrown while a Corefile is read. */
export class WeightFileError extends Error {
  override readonly name = 'WeightFileError';
}

const WEIGHT_MAX = 255;

function weightOf(address: string, text: string, file: string): Weight {
  const parsed = parseAddress(address);
  if (parsed === undefined) throw new WeightFileError(`wrong IP address:"${address}" in weight file ${file}`);
  const weight = /^\d+$/.test(text) ? Number(text) : 0;
  if (weight === 0 || weight > WEIGHT_MAX) {
    throw new WeightFileError(`wrong weight value:"${text}" in weight file ${file}`);
  }
  return { address: formatAddress(parsed), weight };
}

/** A line with a name, then lines with an address and its weight, 1 to 255. Throws a `WeightFileError`. */
export function readWeights(text: string, file: string): Weights {
  const weights = new Map<string, Weight[]>();
  let current: Weight[] | undefined;
  for (const line of text.split('\n').map((raw) => raw.trim())) {
    if (line === '' || line.startsWith('#')) continue;
    const [first, second, ...rest] = line.split(/\s+/) as [string, ...string[]];
    if (rest.length > 0) throw new WeightFileError(`could not parse weight line:"${line}" in weight file ${file}`);
    if (second === undefined) {
      if (parseAddress(first) !== undefined) {
        throw new WeightFileError(
          `wrong domain name:"${first}" in weight file ${file}. (Maybe a missing weight value?)`,
        );
      }
      const name = first.endsWith('.') ? first : `${first}.`;
      current = weights.get(name) ?? [];
      weights.set(name, current);
    } else {
      const weight = weightOf(first, second, file);
      if (current === undefined) throw new WeightFileError(`missing domain name in weight file ${file}`);
      current.push(weight);
    }
  }
  return weights;
}

function weightIn(weights: Weights, { name, data }: DnsRecord): number {
  const address = formatAddress(addressOf(data));
  return weights.get(name)?.find((one) => one.address === address)?.weight ?? 1;
}

/** Drawn by weight, the heaviest counted first. */
function drawn(addresses: readonly DnsRecord[], weights: Weights, dice: Dice): number {
  const all = addresses.map((record, index) => ({ index, weight: weightIn(weights, record) }));
  const sum = all.reduce((total, { weight }) => total + weight, 0);
  let left = dice.below(sum);
  for (const { index, weight } of all.sort((a, b) => b.weight - a.weight)) {
    if (left < weight) return index;
    left -= weight;
  }
  throw new Error('the dice showed more than the sum of all weights');
}

/** CNAMEs, other records, addresses, MX; the drawn address has changed places with the first. */
export function weighted(records: readonly DnsRecord[], weights: Weights, dice: Dice): readonly DnsRecord[] {
  const { aliases, others, addresses, exchanges } = groupsOf(records);
  if (addresses.length === 0) return records;
  const top = drawn(addresses, weights, dice);
  const ordered = addresses.with(0, addresses[top]!).with(top, top === 0 ? addresses[top]! : addresses[0]!);
  return [...aliases, ...others, ...ordered, ...exchanges];
}
