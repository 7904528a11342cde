/** `orrery compare FILE`: runs a script in each address model, and prints what came of it side by side. */
import { ADDRESS_MODELS, type AddressModel } from '../model/index.ts';
import { compareModels, comparisonMarkdown } from '../plan/index.ts';
import { suggestion } from '../scenario/index.ts';
import { type Console, type ExitCode, UsageError } from './console.ts';
import { readScript, type ScriptFlags } from './script-file.ts';

export const COMPARE_FORMATS = ['markdown', 'json'] as const;

export interface CompareFlags extends ScriptFlags {
  readonly format: (typeof COMPARE_FORMATS)[number];
  readonly model: readonly string[];
}

/** The two that documents compare: overlay, and the flat network that they recommend. */
const OVERLAY_AND_FLAT: readonly AddressModel[] = ['overlay', 'pod-subnet-dynamic'];

export function compareCommand(file: string, flags: CompareFlags, console: Console): ExitCode {
  const scenario = readScript(file, flags, console);
  const unknown = flags.model.find((name) => !ADDRESS_MODELS.includes(name as AddressModel));
  if (unknown !== undefined)
    throw new UsageError(`orrery: there is no address model ${unknown}${suggestion(unknown, ADDRESS_MODELS)}`);
  const models = flags.model.length === 0 ? OVERLAY_AND_FLAT : (flags.model as readonly AddressModel[]);
  const comparison = compareModels(scenario, models);
  console.stdout(
    flags.format === 'json' ? `${JSON.stringify(comparison, undefined, 2)}\n` : comparisonMarkdown(comparison),
  );
  return 0;
}
