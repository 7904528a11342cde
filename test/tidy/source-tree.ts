/** Reads the project's own files from disk, by walking it: a tarball without git is checked as well as a clone. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { scan, type Token } from './scanner.ts';

export interface SourceFile {
  /** from the root, with forward slashes */
  readonly path: string;
  readonly text: string;
  /** made when first asked for */
  readonly tokens: readonly Token[];
}

const NOT_OURS = new Set(['node_modules', 'dist', 'coverage', '.git']);
/** Recordings and transcripts are what other programs or runs wrote; their contents are not ours to tidy. */
const RECORDED = /^test\/conformance\/data\/|\.transcript\.|^LICENSE$/;
const BINARY = /\.(?:png|jpg|gif|ico|woff2?|pcap|gz|cpuprofile)$/;

/** Every text file of the project under `root`, sorted by path. */
export function readSourceTree(root: string): readonly SourceFile[] {
  const paths = readdirSync(root, { withFileTypes: true })
    .filter((entry) => !NOT_OURS.has(entry.name))
    .flatMap((entry) => (entry.isDirectory() ? walk(root, entry.name) : entry.isFile() ? [entry.name] : []));
  return paths
    .filter((path) => !RECORDED.test(path) && !BINARY.test(path))
    .sort()
    .map((path) => sourceFile(path, readFileSync(join(root, path), 'utf8')));
}

function walk(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (NOT_OURS.has(entry.name)) return [];
    if (entry.isDirectory()) return walk(root, path);
    return entry.isFile() ? [path] : [];
  });
}

export function sourceFile(path: string, text: string): SourceFile {
  let tokens: readonly Token[] | undefined;
  return {
    path,
    text,
    get tokens() {
      tokens ??= scan(text);
      return tokens;
    },
  };
}
