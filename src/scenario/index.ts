/**
 * scenario: scripts, `apiVersion: orrery/v1`, `kind: Scenario`. Reads them (every mistake with its place), carries their steps out on an
 * emulator, checks their expectations, and prints transcripts. Touches no file: whoever calls hands texts in.
 */
export { POD_SUBNET, withAddressModel } from './address-model.ts';
export { chiSquareProbability, type Observation } from './chi-square.ts';
export { describeOutcome } from './describe-outcome.ts';
export { problemAt, type SourceDocument } from './document.ts';
export { parseDurationMs } from './duration.ts';
export type { EmulatedCluster } from './emulated-cluster.ts';
export type { Entry, SentSummary } from './entry.ts';
export { jsonLine, jsonOf } from './json-transcript.ts';
export { parseNameServer } from './name-server.ts';
export { parsePacket } from './packet-text.ts';
export { formatPath, formatProblem, type Path, type Problem } from './problem.ts';
export { dial, type Participant, participantsOf, type ReachCell, type ReachTable, reach } from './reach.ts';
export { answerOf, type ReachColumn, reachComparison } from './reach-comparison.ts';
export { type DocumentSource, readDocument } from './read-document.ts';
export { readScenario, type Scenario, type ScenarioRead, type ScenarioSource } from './read-scenario.ts';
export type { ReadFile } from './read-step.ts';
export { parseReference, type Reference } from './reference.ts';
export { type Replayed, refusedManifests, replay, replayUntil } from './replay.ts';
export { type RunOptions, type RunReport, runScenario } from './run-scenario.ts';
export { clusterSchema } from './schema.ts';
export { SequenceDiagram } from './sequence-diagram.ts';
export { refusedSettings, settingsOf } from './settings.ts';
export { suggestion } from './spelling.ts';
export { parseTarget } from './target.ts';
export { NO_PAINT, type Paint, TextTranscript } from './text-transcript.ts';
