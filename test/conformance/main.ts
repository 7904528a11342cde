/**
 * `npm run --silent conformance -- SUITE DIR`: replays every recording in DIR.
 * Exits 0 when none failed, 1 when some did, 2 when it could not begin.
 */
import { recordingNames, runSuite } from './run.ts';
import { SUITES } from './suites/index.ts';

function refuse(sentence: string): never {
  console.error(sentence);
  process.exit(2);
}

function recordingsIn(directory: string): readonly string[] {
  try {
    return recordingNames(directory);
  } catch (error) {
    return refuse(`The folder ${directory} cannot be read: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

const [name, directory, ...rest] = process.argv.slice(2);
const names = SUITES.map((suite) => suite.name).join(', ');
if (name === undefined || directory === undefined || rest.length > 0) {
  refuse(`Say which suite to run and on which folder: conformance SUITE DIR, where SUITE is one of ${names}.`);
}
const suite = SUITES.find((candidate) => candidate.name === name);
if (suite === undefined) refuse(`There is no suite named ${name}; there are ${names}.`);
if (recordingsIn(directory).length === 0) refuse(`The folder ${directory} holds no *.json file.`);
const { failed } = runSuite(suite, directory, (line) => console.log(line));
process.exitCode = failed === 0 ? 0 : 1;
