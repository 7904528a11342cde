/** What Network Watcher tells of a machine, in the JSON that `az` prints: verify-ip-flow, next-hop, effective-routes, effective-nsg. */
import type { IpFlow, NetworkWatcher } from '../emulator/index.ts';
import { type Address, parseAddress } from '../model/index.ts';
import { replay, suggestion } from '../scenario/index.ts';
import { type Console, type ExitCode, UsageError } from './console.ts';
import { readScript, type ScriptFlags } from './script-file.ts';

export interface MachineFlags extends ScriptFlags {
  readonly vm: string;
}

export interface NextHopFlags extends MachineFlags {
  readonly destIp: string;
}

export interface IpFlowFlags extends MachineFlags {
  readonly direction: IpFlow['direction'];
  readonly protocol: IpFlow['protocol'];
  readonly local: string;
  readonly remote: string;
}

export function verifyIpFlowCommand(file: string, flags: IpFlowFlags, console: Console): ExitCode {
  const flow: IpFlow = {
    direction: flags.direction,
    protocol: flags.protocol,
    local: endpointOf('--local', flags.local),
    remote: endpointOf('--remote', flags.remote),
  };
  return answer(file, flags, console, (watcher) => watcher.verifyIpFlow(flags.vm, flow));
}

export function nextHopCommand(file: string, flags: NextHopFlags, console: Console): ExitCode {
  const destination = addressIn('--dest-ip', flags.destIp);
  return answer(file, flags, console, (watcher) => watcher.nextHop(flags.vm, destination));
}

export function effectiveRoutesCommand(file: string, flags: MachineFlags, console: Console): ExitCode {
  return answer(file, flags, console, (watcher) => listed(watcher.effectiveRoutes(flags.vm)));
}

export function effectiveNsgCommand(file: string, flags: MachineFlags, console: Console): ExitCode {
  return answer(file, flags, console, (watcher) => listed(watcher.effectiveGroups(flags.vm)));
}

function listed(value: readonly object[] | undefined): object | undefined {
  return value && { value };
}

function answer(
  file: string,
  flags: MachineFlags,
  console: Console,
  ask: (watcher: NetworkWatcher) => object | undefined,
): ExitCode {
  const watcher = replay(readScript(file, flags, console)).cluster.networkWatcher;
  if (watcher === undefined)
    throw new UsageError(`${file}: spec.azure is not there, so there is no Azure to ask about`);
  const told = ask(watcher);
  if (told === undefined)
    throw new UsageError(`orrery: --vm ${flags.vm}: no machine has that name${suggestion(flags.vm, watcher.machines)}`);
  console.stdout(`${JSON.stringify(told, undefined, 2)}\n`);
  return 0;
}

function addressIn(option: string, text: string): Address {
  const address = parseAddress(text);
  if (address === undefined) throw new UsageError(`orrery: ${option} ${text} is no IP address`);
  return address;
}

function endpointOf(option: string, text: string): IpFlow['local'] {
  const [, address = '', portText = ''] = /^(.*):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(portText);
  if (portText === '' || port > 65535)
    throw new UsageError(`orrery: ${option} ${text} is no address:port, such as 10.10.12.4:443`);
  return { address: addressIn(option, address), port };
}
