/**
 * `npm run fuzz:plan -- --runs N --seed S [--model overlay]`: random plans of each address model, predicted and run. A
 * disagreement is made small and printed as a file for `orrery plan FILE --prove --seed S`. Exits 0 when all agree, 1 when some
 * do not, 2 for a mistake on the command line.
 */
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { ADDRESS_MODELS, type AddressModel } from '../../src/model/index.ts';
import { aPlanOf, type DrawnPlan } from './a-plan.ts';
import { agreementOn } from './agreement.ts';

interface Options {
  readonly runs: number;
  readonly seed: number;
  readonly models: readonly AddressModel[];
}

/** A sentence where the command line is wrong. */
function readOptions(args: readonly string[]): Options | string {
  let values: { readonly runs?: string; readonly seed?: string; readonly model?: string };
  try {
    const text = { type: 'string' } as const;
    ({ values } = parseArgs({ args: [...args], options: { runs: text, seed: text, model: text } }));
  } catch (error) {
    return (error as Error).message;
  }
  const { runs = '1000', seed = '1', model } = values;
  if (!/^[1-9]\d{0,6}$/.test(runs)) return `--runs is a whole number above 0, not ${runs}`;
  if (!/^\d{1,9}$/.test(seed)) return `--seed is a whole number, not ${seed}`;
  const models = ADDRESS_MODELS.filter((each) => model === undefined || each === model);
  if (models.length === 0) return `--model is one of ${ADDRESS_MODELS.join(', ')}, not ${model}`;
  return { runs: Number(runs), seed: Number(seed), models };
}

/** True where all plans of a model agree with their runs. */
function campaign(model: AddressModel, { runs, seed }: Options): boolean {
  const startedAt = Date.now();
  let tried = 0;
  let failing = 0;
  const details = fc.check(
    fc.property(aPlanOf(model), (drawn) => {
      const { agrees, fails } = agreementOn(drawn, seed);
      tried++;
      if (fails) failing++;
      return agrees;
    }),
    { seed, numRuns: runs },
  );
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  if (!details.failed) {
    console.log(
      `${model}: ${tried} plans agree with their runs, something ran out in ${failing} of them (${seconds} s)`,
    );
    return true;
  }
  tell(model, details.counterexample![0], seed);
  return false;
}

function tell(model: AddressModel, drawn: DrawnPlan, seed: number): void {
  console.log(
    `${model}: a plan and its run disagree, seed ${seed}. In a file, for orrery plan FILE --prove --seed ${seed}:\n`,
  );
  console.log(drawn.text);
  try {
    for (const line of agreementOn(drawn, seed).differences) console.log(line);
  } catch (error) {
    console.log(error);
  }
}

function main(args: readonly string[]): number {
  const options = readOptions(args);
  if (typeof options === 'string') {
    console.error(`fuzz:plan: ${options}.`);
    return 2;
  }
  const verdicts = options.models.map((model) => campaign(model, options));
  return verdicts.every((agrees) => agrees) ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
