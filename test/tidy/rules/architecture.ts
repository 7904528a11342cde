/** Rules on who may import whom. */
import { builtinModules } from 'node:module';
import { type FoundImport, importsOf, packageOf, targetOf } from '../imports.ts';
import { controllerOf, isCode, isTest, NODE_ROOMS, ROOM_IMPORTS, ROOM_PACKAGES, roomOf } from '../rooms.ts';
import type { SourceFile } from '../source-tree.ts';
import type { Rule, Violation } from '../violation.ts';

const isRelative = (specifier: string) => specifier.startsWith('.') || specifier.startsWith('/');
const isBuiltin = (specifier: string) => specifier.startsWith('node:') || builtinModules.includes(packageOf(specifier));

/** Each import of each file of code, where `object` says what is wrong with it, if anything. */
function eachImport(rule: string, object: (file: SourceFile, found: FoundImport) => string | undefined): Rule {
  return (files) =>
    files
      .filter((file) => isCode(file.path))
      .flatMap((file) =>
        importsOf(file.tokens).flatMap((found): Violation[] => {
          const advice = object(file, found);
          return advice === undefined ? [] : [{ path: file.path, line: found.line, rule, advice }];
        }),
      );
}

/** Rooms import one another by the table, through index.ts; a controller's folder knows no other controller. */
export const roomImports = eachImport('room-imports', ({ path }, { specifier }) => {
  const from = roomOf(path);
  if (from === undefined || !isRelative(specifier)) return undefined;
  const target = targetOf(path, specifier);
  const to = roomOf(target);
  if (to === undefined) return isTest(path) ? undefined : `${specifier} lies in no room; move what is needed into one`;
  if (to === from) return betweenControllers(path, target);
  const allowed = ROOM_IMPORTS[from] ?? [];
  if (!allowed.includes(to) && !isTest(path)) {
    return `${from} may import ${allowed.join(', ') || 'nothing'}, not ${to}; pass in what it needs`;
  }
  if (/^(?:src\/\w+|controllers)\/index\.ts$/.test(target)) return undefined;
  return `${to} is entered through its index.ts only; export there what ${from} needs`;
});

function betweenControllers(path: string, target: string): string | undefined {
  const [from, to] = [controllerOf(path), controllerOf(target)];
  if (to === undefined || from === to) return undefined;
  if (from !== undefined) return `controller ${from} may not know controller ${to}; they meet in the store`;
  return target === `controllers/${to}/index.ts` ? undefined : `import controllers/${to} through its index.ts`;
}

/** A room that is not in the table has no place in the architecture yet. */
export const knownRooms: Rule = (files) =>
  files
    .filter((file) => file.path.startsWith('src/') && isCode(file.path))
    .filter((file) => ROOM_IMPORTS[roomOf(file.path) ?? ''] === undefined)
    .map(({ path }) => ({
      path,
      line: 1,
      rule: 'known-rooms',
      advice: 'this is no room of ROOM_IMPORTS in test/tidy/rooms.ts; move the file into one, or add the room there',
    }));

/** Rooms that run in a browser do without Node's modules. */
export const nodeImports = eachImport('node-imports', ({ path }, { specifier }) => {
  const room = roomOf(path);
  if (room === undefined || NODE_ROOMS.has(room) || isTest(path) || !isBuiltin(specifier)) return undefined;
  return `${room} runs in a browser too; only ${[...NODE_ROOMS].join(' and ')} may import ${specifier}`;
});

/** Packages are chosen per room, each for a reason. */
export const packages = eachImport('packages', ({ path }, { specifier }) => {
  const room = roomOf(path);
  if (room === undefined || isTest(path) || isRelative(specifier) || isBuiltin(specifier)) return undefined;
  const name = packageOf(specifier);
  if (ROOM_PACKAGES[room]?.[name] !== undefined) return undefined;
  return `${room} may not import ${name}; do without, or add it with its reason to ROOM_PACKAGES in test/tidy/rooms.ts`;
});

/** What the bundler guesses, other tools do not. */
export const extensions = eachImport('extensions', (_, { specifier }) => {
  if (!isRelative(specifier) || /\.(?:ts|tsx|mjs|js|json|css)$/.test(specifier)) return undefined;
  return `write the extension: ${specifier}.ts`;
});

/** Each room and each controller has an index.ts that opens with its purpose. */
export const indexes: Rule = (files) => {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const folders = new Set(
    files.flatMap(({ path }) => {
      const [room, controller] = [roomOf(path), controllerOf(path)];
      if (room === undefined || !isCode(path)) return [];
      return controller === undefined ? [room === 'controllers' ? room : `src/${room}`] : [`controllers/${controller}`];
    }),
  );
  return [...folders].sort().flatMap((folder): Violation[] => {
    const path = `${folder}/index.ts`;
    const index = byPath.get(path);
    const opening = index?.text.startsWith('/**') === true;
    if (opening) return [];
    const lack = index === undefined ? 'there is no such file' : 'it does not open with its purpose';
    return [{ path, line: 1, rule: 'indexes', advice: `${lack}; begin it with /** name: purpose and boundary */` }];
  });
};
