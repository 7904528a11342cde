/**
 * azure: what the tests of cloud-provider-azure and azure-container-networking say, replayed against our own functions.
 * A file's name says what its cases are of; a file that nobody replays yet is skipped, case by case.
 */
import * as z from 'zod';
import type { CaseResult, RecordingFile, Suite } from '../suite.ts';
import { replayNodeCidrAllocation } from './azure/node-cidr-allocation.ts';
import type { RecordedCase, Replay } from './azure/replay.ts';

/** By file name, without `.json`. */
const REPLAYS: { readonly [file: string]: Replay | undefined } = {
  node_cidr_allocation: replayNodeCidrAllocation,
};

const fileShape = z.strictObject({
  description: z.string(),
  cases: z.array(z.strictObject({ name: z.string(), source: z.string(), given: z.unknown(), expect: z.unknown() })),
});

/** A case that throws fails alone. */
function resultOf(replay: Replay, recorded: RecordedCase): CaseResult {
  const { name } = recorded;
  try {
    return { case: name, ...replay(recorded) };
  } catch (error) {
    const got = error instanceof Error ? error.message : String(error);
    return { case: name, outcome: 'failed', difference: { path: name, expected: 'no error', got } };
  }
}

export const azureSuite: Suite = {
  name: 'azure',
  *run(file: RecordingFile) {
    const { cases } = fileShape.parse(file.json);
    const replay = REPLAYS[file.name.replace(/\.json$/, '')];
    for (const recorded of cases) {
      if (replay !== undefined) yield resultOf(replay, recorded);
      else yield { case: recorded.name, outcome: 'skipped', reason: `${file.name} is not replayed yet` };
    }
  },
};
