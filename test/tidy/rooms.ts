/** The architecture as tables: which room may import which, and which packages. A line here is a decision. */

/** What a room may import, always through the other room's index.ts. */
export const ROOM_IMPORTS: Readonly<Record<string, readonly string[]>> = {
  model: [],
  store: ['model'],
  apiserver: ['model', 'store'],
  arm: ['model', 'store'],
  dataplane: ['model'],
  packet: ['model', 'dataplane'],
  reconcile: ['model', 'store', 'apiserver', 'dataplane'],
  controllers: ['model', 'dataplane', 'reconcile'],
  emulator: ['model', 'store', 'apiserver', 'arm', 'dataplane', 'packet', 'reconcile', 'controllers'],
  scenario: ['model', 'emulator'],
  plan: ['model', 'emulator', 'scenario'],
  server: ['model', 'emulator', 'scenario'],
  cli: ['model', 'emulator', 'scenario', 'plan', 'server'],
  ui: ['emulator', 'scenario', 'server'],
};

/** The packages a room may import, and what for. Rooms that are not listed import none. */
export const ROOM_PACKAGES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  model: { ip6addr: 'reads addresses as people write them' },
  store: { rxjs: 'a watch is an Observable' },
  dataplane: {
    immer: 'a change gives a new root that shares the rest',
    immutable: 'maps that are too wide for immer to draft',
  },
  controllers: { immutable: 'what nodes share of many Services, version by version' },
  reconcile: { rxjs: 'informers subscribe to watches and wait on the virtual clock' },
  emulator: {
    rxjs: 'the virtual clock is a SchedulerLike, happenings are an Observable',
    immer: 'the root of a snapshot',
    'pure-rand': 'the dice',
  },
  scenario: {
    rxjs: 'listens to happenings',
    yaml: 'scripts, with positions for errors',
    zod: 'the schema of scripts',
  },
  plan: { zod: 'the schema of plans' },
  server: { fastify: 'HTTP', 'dns-packet': 'DNS on the wire', pino: 'the log', rxjs: 'watches over HTTP' },
  cli: {
    'cli-progress': 'progress of long runs',
    commander: 'reads the command line',
    picocolors: 'colour on a terminal',
    pino: 'the log',
    rxjs: 'listens to happenings',
  },
};

/** Rooms that run only on Node: they may read files, sockets, the environment and the time that a run takes. */
export const NODE_ROOMS: ReadonlySet<string> = new Set(['server', 'cli']);

/** The room a file lies in; undefined outside of src/ and controllers/. */
export function roomOf(path: string): string | undefined {
  const [top, second, third] = path.split('/');
  if (top === 'controllers') return 'controllers';
  return top === 'src' && third !== undefined ? second : undefined;
}

/** The folder of one controller; undefined for controllers/index.ts and everything elsewhere. */
export function controllerOf(path: string): string | undefined {
  const [top, second, third] = path.split('/');
  return top === 'controllers' && third !== undefined ? second : undefined;
}

export const isTest = (path: string) => path.endsWith('.test.ts') || path.startsWith('test/');
export const isCode = (path: string) => /\.(?:ts|tsx|mts|mjs|js)$/.test(path);
/** What ships: neither a test nor a tool's settings. */
export const isProduction = (path: string) => isCode(path) && roomOf(path) !== undefined && !isTest(path);
