/** The plugin's block. Source: CoreDNS plugin/loadbalance/setup.go. */
import { type Cidr, parseCidr } from '../../../../src/model/index.ts';
import { CorefileError } from '../../corefile/error.ts';
import type { Directive, OptionLine } from '../../corefile/parse.ts';
import type { Token } from '../../corefile/tokens.ts';
import type { PluginSetup } from '../../plugin.ts';
import { durationMsOf, unknownOption } from '../options.ts';
import { readWeights, WeightFileError, type Weights } from './weighted.ts';

export interface LoadbalanceOptions {
  readonly policy: 'round_robin' | 'weighted';
  /** weighted only: the file's path, where it stands */
  readonly weightFile?: Token;
  /** weighted only; how often the file is read again, 0 for never */
  readonly reloadMs?: number;
  /** networks whose addresses come first, in this order */
  readonly prefer: readonly Cidr[];
}

const RELOAD_MS = 30_000;

function reloadOf(line: OptionLine): number {
  if (line.option.text !== 'reload') throw unknownOption(line);
  const [duration, more] = line.arguments;
  if (duration === undefined) throw new CorefileError(line.option, 'reload duration value is missing');
  if (more !== undefined) throw new CorefileError(more, 'unexpected argument');
  try {
    return durationMsOf(duration);
  } catch (error) {
    if (error instanceof CorefileError) throw new CorefileError(duration, `invalid reload duration '${duration.text}'`);
    throw error;
  }
}

function networksOf(line: OptionLine): readonly Cidr[] {
  if (line.option.text !== 'prefer') throw unknownOption(line);
  return line.arguments.map((token) => {
    const cidr = parseCidr(token.text);
    if (cidr === undefined) throw new CorefileError(token, `invalid CIDR "${token.text}"`);
    return cidr;
  });
}

function readWeighted({ name, arguments: found, block = [] }: Directive): LoadbalanceOptions {
  const [, file, more] = found;
  if (file === undefined) throw new CorefileError(name, 'missing weight file argument');
  if (more !== undefined) throw new CorefileError(more, 'unexpected argument(s)');
  const reloadMs = block.map(reloadOf).at(-1) ?? RELOAD_MS;
  return { policy: 'weighted', weightFile: file, reloadMs, prefer: [] };
}

function readDirective(directive: Directive): LoadbalanceOptions {
  const { arguments: found, block = [] } = directive;
  const [policy, more] = found;
  if (policy?.text === 'weighted') return readWeighted(directive);
  if (policy !== undefined && policy.text !== 'round_robin') {
    throw new CorefileError(policy, `plugin/loadbalance: unknown policy: ${policy.text}`);
  }
  if (more !== undefined) throw new CorefileError(more, 'unknown property for round_robin');
  return { policy: 'round_robin', prefer: block.flatMap(networksOf) };
}

/** Of several directives the last one's policy holds, and networks add up. */
export function readLoadbalanceOptions(directives: readonly Directive[]): LoadbalanceOptions {
  const all = directives.map(readDirective);
  return { ...all.at(-1)!, prefer: all.flatMap(({ prefer }) => prefer) };
}

const NO_WEIGHTS: Weights = new Map();

/** A file that is not there may come later, unless it is never read again. */
export function weightsOf({ weightFile, reloadMs }: LoadbalanceOptions, { files }: PluginSetup): Weights {
  if (weightFile === undefined) return NO_WEIGHTS;
  const text = files[weightFile.text];
  if (text === undefined) {
    if (reloadMs !== 0) return NO_WEIGHTS;
    throw new CorefileError(weightFile, `plugin/loadbalance: weight file open error: ${weightFile.text}`);
  }
  try {
    return readWeights(text, weightFile.text);
  } catch (error) {
    if (error instanceof WeightFileError) throw new CorefileError(weightFile, `plugin/loadbalance: ${error.message}`);
    throw error;
  }
}
