/** The command's arguments and what they start. */
import { Command, CommanderError, Option } from 'commander';
import { DUMP_KINDS } from '../emulator/index.ts';
import { parseDurationMs, suggestion } from '../scenario/index.ts';
import { COMPARE_FORMATS, type CompareFlags, compareCommand } from './compare-command.ts';
import { type Console, type ExitCode, UsageError } from './console.ts';
import { dumpCommand } from './dump-command.ts';
import {
  effectiveNsgCommand,
  effectiveRoutesCommand,
  type IpFlowFlags,
  type MachineFlags,
  type NextHopFlags,
  nextHopCommand,
  verifyIpFlowCommand,
} from './network-watcher-commands.ts';
import { PLAN_FORMATS, type PlanFlags, planCommand } from './plan-command.ts';
import { REACH_FORMATS, type ReachFlags, reachCommand } from './reach-command.ts';
import { type RunFlags, runCommand } from './run-command.ts';
import { type ServeFlags, serveCommand } from './serve-command.ts';
import { type TraceFlags, traceCommand } from './trace-command.ts';
import { type TraceRulesFlags, traceRulesCommand } from './trace-rules-command.ts';

const EXAMPLES = `
Examples:
  $ orrery run scenarios/seed-overlay.yaml --trace
  $ orrery run scenarios/*.yaml --quiet
  $ orrery run scenarios/seed-overlay.yaml --seed 7 --set cluster.agentPoolProfiles[0].count=5
  $ orrery trace scenarios/seed-overlay.yaml --from pod/my-app --to http://my-api/hello --format mermaid
  $ orrery trace --rules rules.txt --addresses addresses.txt --packet 'tcp 10.244.0.20:40000 > 10.96.0.60:80'
  $ orrery dump iptables scenarios/seed-overlay.yaml --node node2
  $ orrery plan plans/node-subnet.yaml --prove
  $ orrery compare scenarios/overlay-vs-flat.yaml
  $ orrery reach scenarios/reach.yaml --model all --format markdown
  $ orrery serve scenarios/seed-overlay.yaml --dns 127.0.0.1:1053

Exit codes: 0 done, 1 an expectation failed or a plan does not fit, 2 the input is wrong.`;

const COMMANDS = [
  'run',
  'trace',
  'dump',
  'reach',
  'verify-ip-flow',
  'next-hop',
  'effective-routes',
  'effective-nsg',
  'plan',
  'compare',
  'serve',
] as const;
const FORMATS = ['text', 'json', 'mermaid'] as const;

/** Runs one command line, without the program's own name, and gives its exit code. Nothing is thrown for a user's mistake. */
export async function runCommandLine(args: readonly string[], console: Console): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  const program = commands(console, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    if (!(error instanceof CommanderError || error instanceof UsageError)) throw error;
    console.stderr(`${error instanceof UsageError ? error.message : sentence(error.message, args)}\n`);
    return 2;
  }
}

/** Commander's complaint as one sentence that begins with the program's name. */
function sentence(message: string, args: readonly string[]): string {
  const unknown = /^error: unknown command '(.*?)'/.exec(message);
  if (unknown !== null) return `orrery: there is no command ${unknown[1]}${suggestion(unknown[1]!, COMMANDS)}`;
  if (args.length === 0)
    return 'orrery: say what to do, such as orrery run scenarios/seed-overlay.yaml; orrery --help tells more';
  const [first = '', hint] = message.replace(/^error: /, '').split('\n');
  const meant = hint === undefined ? null : /Did you mean (.*?)\?/.exec(hint);
  return `orrery: ${first}${meant === null ? '' : `; did you mean ${meant[1]}?`}`;
}

function commands(console: Console, done: (code: ExitCode) => void): Command {
  const program = new Command('orrery')
    .description('A Kubernetes network in miniature: deterministic, exact, on your laptop. Models AKS.')
    .exitOverride()
    .configureOutput({ writeOut: console.stdout, writeErr: () => {} })
    .addHelpText('after', EXAMPLES);
  runArguments(program.command('run')).action(async (files: string[], flags: RunFlags) =>
    done(await runCommand(files, flags, console)),
  );
  traceArguments(program.command('trace')).action((file: string | undefined, flags: AnyTraceFlags) =>
    done(traceEither(file, flags, console)),
  );
  dumpArguments(program.command('dump')).action(async (kind, file, flags) =>
    done(await dumpCommand(kind, file, flags, console)),
  );
  reachArguments(program.command('reach')).action((file: string, from: string, to: string, flags: ReachFlags) =>
    done(reachCommand(file, { from, to }, flags, console)),
  );
  networkWatcherCommands(program, console, done);
  compareArguments(program.command('compare')).action((file: string, flags: CompareFlags) =>
    done(compareCommand(file, flags, console)),
  );
  planArguments(program.command('plan')).action((file: string, flags: PlanFlags) =>
    done(planCommand(file, flags, console)),
  );
  serveArguments(program.command('serve')).action(async (file: string, flags: ServeFlags) =>
    done(await serveCommand(file, flags, console)),
  );
  return program;
}

function serveArguments(command: Command): Command {
  return scriptOptions(command.description('run a script, then answer real clients out of its cluster'))
    .argument('<file>', 'a script')
    .option('--dns <address:port>', 'DNS over UDP and TCP, for dig')
    .option('--dns-server <address:port>', "whom they ask: 10.96.0.10:5353; the cluster's DNS address where not given")
    .option('--dns-client <sender>', 'whose queries these are: pod/my-app, node/node1; the first pod where not given');
}

function runArguments(command: Command): Command {
  return scriptOptions(command.description('replay scripts, print what happens'))
    .argument('<file...>', 'scripts, apiVersion orrery/v1')
    .addOption(formatOption())
    .option('--record <file>', 'write the transcript to a file instead')
    .option('--trace', "show every hook and rule of each packet's way", false)
    .option('--steps', 'show only the steps and what came of them: for large clusters', false)
    .option('--timings', 'say on stderr what the whole process took', false)
    .option('--quiet', 'print only what failed', false)
    .option('--log <file>', 'write a structured log, one JSON object a line');
}

function traceArguments(command: Command): Command {
  return scriptOptions(
    command.description("run a script, or read a node's rules, then follow packets through every hook"),
  )
    .argument('[file]', 'a script; none with --rules')
    .option('--from <sender>', 'who sends: pod/my-app, node/node1, external/203.0.113.7')
    .option('--to <url>', 'where to: http://my-api/hello, tcp://10.96.0.50:80')
    .option('--rules <file>', 'what iptables-save or nft printed, instead of a script')
    .option('--addresses <file>', "with --rules: the node's own addresses, one a line or as ip -o addr prints them")
    .option('--packet <text>', "with --rules: 'tcp 10.244.0.20:40000 > 10.96.0.60:80'")
    .addOption(formatOption());
}

type AnyTraceFlags = Partial<TraceFlags & TraceRulesFlags> & Pick<TraceFlags, 'format' | 'set' | 'seed'>;

/** A script's cluster or rules from a file: each has its own options, all of them needed. */
function traceEither(file: string | undefined, flags: AnyTraceFlags, console: Console): ExitCode {
  const { rules, addresses, packet, from, to, format } = flags;
  const isOfRules = rules !== undefined || addresses !== undefined || packet !== undefined;
  if (!isOfRules) {
    const missing = missingOf({ 'a script': file, '--from': from, '--to': to });
    if (missing !== undefined || file === undefined || from === undefined || to === undefined)
      throw new UsageError(`orrery: trace needs ${missing}, or --rules, --addresses and --packet`);
    return traceCommand(file, { ...flags, from, to }, console);
  }
  const missing = missingOf({ '--rules': rules, '--addresses': addresses, '--packet': packet });
  if (missing !== undefined || rules === undefined || addresses === undefined || packet === undefined)
    throw new UsageError(`orrery: trace of rules needs ${missing}`);
  const other = file ?? (from === undefined ? undefined : '--from') ?? (to === undefined ? undefined : '--to');
  if (other !== undefined) throw new UsageError(`orrery: trace --rules runs no script; leave ${other} out`);
  return traceRulesCommand({ rules, addresses, packet, format }, console);
}

/** The first that is not given. */
function missingOf(given: Readonly<Record<string, string | undefined>>): string | undefined {
  return Object.entries(given).find(([, value]) => value === undefined)?.[0];
}

function dumpArguments(command: Command): Command {
  return scriptOptions(command.description('run a script, then print what a tool would show'))
    .argument('<kind>', DUMP_KINDS.join(', '))
    .argument('<file>', 'a script')
    .option('--node <name>', 'on this node')
    .option('--pod <[namespace/]name>', 'in this pod')
    .option('--resource <type/name>', 'of dump azure: lb, or lb/kubernetes');
}

function reachArguments(command: Command): Command {
  return scriptOptions(command.description('run a script, then have everybody dial everybody else by address'))
    .argument('<file>', 'a script')
    .argument('[from]', 'one sender alone: pod/web, node/node1, vm/jump-host, external/192.168.0.10')
    .argument('[to]', 'and one receiver')
    .option(
      '--model <model>',
      'with pods addressed so; all for every model',
      (text: string, all: string[]) => [...all, text],
      [],
    )
    .option('--at <time>', 'one pair at this moment of the run, such as 30s', readMoment, [])
    .addOption(new Option('--format <format>', 'how to print').choices(REACH_FORMATS).default('text'));
}

function readMoment(text: string, all: readonly number[]): readonly number[] {
  const ms = parseDurationMs(text);
  if (ms === undefined) throw new UsageError(`orrery: --at ${text} is no time, such as 500ms, 10s or 1m30s`);
  return [...all, ms];
}

/** Network Watcher's questions about one machine: a node, or one that `spec.azure` declares. */
function networkWatcherCommands(program: Command, console: Console, done: (code: ExitCode) => void): void {
  const question = (name: string, description: string) =>
    scriptOptions(program.command(name).description(description))
      .argument('<file>', 'a script')
      .requiredOption('--vm <name>', 'the machine: node1, jump-host');
  question('verify-ip-flow', 'whether security groups let a flow through, and by which rule')
    .addOption(new Option('--direction <direction>').choices(['Inbound', 'Outbound']).makeOptionMandatory())
    .addOption(new Option('--protocol <protocol>').choices(['TCP', 'UDP']).default('TCP'))
    .requiredOption('--local <address:port>', "the machine's end")
    .requiredOption('--remote <address:port>', 'the other end')
    .action((file: string, flags: IpFlowFlags) => done(verifyIpFlowCommand(file, flags, console)));
  question('next-hop', 'where a packet from the machine goes next')
    .requiredOption('--dest-ip <address>', 'the destination')
    .action((file: string, flags: NextHopFlags) => done(nextHopCommand(file, flags, console)));
  question('effective-routes', "all routes of the machine's interface").action((file: string, flags: MachineFlags) =>
    done(effectiveRoutesCommand(file, flags, console)),
  );
  question('effective-nsg', "all security rules of the machine's interface").action(
    (file: string, flags: MachineFlags) => done(effectiveNsgCommand(file, flags, console)),
  );
}

function compareArguments(command: Command): Command {
  return scriptOptions(command.description('run a script in each address model, and tell side by side what came of it'))
    .argument('<file>', 'a script')
    .option(
      '--model <model>',
      'these models; overlay and pod-subnet-dynamic where none is given',
      (text: string, all: string[]) => [...all, text],
      [],
    )
    .addOption(new Option('--format <format>', 'how to print').choices(COMPARE_FORMATS).default('markdown'));
}

function planArguments(command: Command): Command {
  return setOption(command.exitOverride())
    .description('say what an address plan comes to: what fits, what runs out first, what would fix it')
    .argument('<file>', 'a plan, apiVersion orrery/v1, kind Plan')
    .option('--advise', 'say which address model suits the growth, and how large its ranges must be', false)
    .option('--prove', 'let the growth happen in the emulator, and compare', false)
    .option('--seed <number>', 'of the run that proves it', readSeed)
    .addOption(new Option('--format <format>', 'how to print').choices(PLAN_FORMATS).default('text'));
}

/** Options of every command that runs a script. */
function scriptOptions(command: Command): Command {
  return setOption(command.exitOverride().option('--seed <number>', "instead of the script's", readSeed));
}

function setOption(command: Command): Command {
  return command.option(
    '--set <path=value>',
    "replace a value of the file; 'spec.' may be left out",
    (text: string, all: string[]) => [...all, text],
    [],
  );
}

function formatOption(): Option {
  return new Option('--format <format>', 'how to print').choices(FORMATS).default('text');
}

function readSeed(text: string): number {
  const seed = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(seed))
    throw new UsageError(`orrery: --seed ${text} is not a whole number from 0 up`);
  return seed;
}
