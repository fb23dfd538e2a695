// The commands that look at the store: `info`, `list`, `verify`, `why`.
import { EXIT } from "#base/errors.ts";
import { endWith, print, printJson, say, type Context, type GlobalFlags } from "#cli/context.ts";
import { findStorePath, readStore } from "#cli/store-argument.ts";
import { describePath, requireInfo, type DescribedPath } from "#cli/store-info.ts";
import { formatTable, formatTime } from "#cli/table.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Store, StoreProblem } from "#store/index.ts";
import { formatCount, formatList, formatSize, shortHash } from "#view/format.ts";

export interface ListFlags extends GlobalFlags {
  long: boolean;
  referrers: boolean;
}

export interface VerifyFlags extends GlobalFlags {
  contents: boolean;
}

export async function storeInfo(context: Context, flags: GlobalFlags, ...words: string[]): Promise<void> {
  await readStore(context, flags, (store) => {
    const paths = words.map((word) => describePath(store, findStorePath(context, store, word)));
    if (flags.json) printJson(context, paths);
    else print(context, paths.map((path) => describe(store, path)).join("\n\n"));
  });
}

function describe(store: Store, path: DescribedPath): string {
  const closure = store.closure([path.path as StorePath]);
  const closureSize = closure.reduce((sum, each) => sum + requireInfo(store, each).narSize, 0);
  const facts = [
    ["path", path.path],
    ["file", path.physical],
    ["hash", path.narHash],
    ["size", `${formatSize(path.narSize)} (${path.narSize} bytes as NAR)`],
    ["closure", `${formatCount(closure.length, "path")}, ${formatSize(closureSize)}`],
    ["content", path.ca ?? "addressed by its inputs"],
    ["deriver", path.deriver ?? ""],
    ["registered", formatTime(new Date(path.registrationTime * 1000).toISOString())],
    ...path.signatures.map((signature) => ["signature", signature]),
    ...path.references.map((reference) => ["refers to", reference]),
  ];
  return formatTable(facts.filter(([, value]) => value !== ""));
}

export async function storeList(context: Context, flags: ListFlags, ...words: string[]): Promise<void> {
  await readStore(context, flags, (store) => {
    const starts = words.map((word) => findStorePath(context, store, word));
    const paths = chosenPaths(store, starts, flags.referrers);
    if (flags.json)
      return printJson(
        context,
        paths.map((path) => describePath(store, path)),
      );
    if (!flags.long) return print(context, paths.join("\n"));
    const infos = paths.map((path) => requireInfo(store, path));
    const rows = infos.map(({ path, narSize, narHash, references }) => [
      formatSize(narSize),
      shortHash(Buffer.from(narHash).toString("hex")),
      formatCount(references.length, "reference"),
      path,
    ]);
    print(context, formatTable(rows, [0]));
    const total = infos.reduce((sum, { narSize }) => sum + narSize, 0);
    say(context, flags, `${formatCount(paths.length, "path")}, ${formatSize(total)}`);
  });
}

function chosenPaths(store: Store, starts: readonly StorePath[], referrers: boolean): StorePath[] {
  for (const path of starts) requireInfo(store, path);
  if (referrers) return [...new Set(starts.flatMap((path) => store.referrers(path)))].toSorted();
  return starts.length === 0 ? store.validPaths() : store.closure(starts);
}

export async function storeWhy(
  context: Context,
  flags: GlobalFlags,
  from: string,
  to: string,
): Promise<void> {
  await readStore(context, flags, (store) => {
    const [source, target] = [from, to].map((word) => findStorePath(context, store, word));
    if (source === undefined || target === undefined) return;
    const chain = store.whyDepends(source, target);
    if (flags.json) return printJson(context, { from: source, to: target, chain: chain ?? null });
    if (chain === undefined) return say(context, flags, `${source} does not depend on ${target}`);
    print(
      context,
      chain.map((path, depth) => `${depth === 0 ? "" : `${"   ".repeat(depth - 1)}└─ `}${path}`).join("\n"),
    );
  });
}

export async function storeVerify(context: Context, flags: VerifyFlags): Promise<void> {
  const { problems, paths, bytes } = await readStore(context, flags, (store) =>
    store.verify({ checkContents: flags.contents }),
  );
  if (problems.length > 0) endWith(context, EXIT.verification);
  if (flags.json) return printJson(context, { paths, bytes, problems });
  print(context, problems.map(describeProblem).join("\n"));
  const read = flags.contents ? `, ${formatSize(bytes)} read` : "";
  say(
    context,
    flags,
    `${formatCount(paths, "path")} checked${read}: ${formatCount(problems.length, "problem")}`,
  );
}

function describeProblem(problem: StoreProblem): string {
  switch (problem.kind) {
    case "missing":
      return `${problem.path}: registered, but gone`;
    case "modified":
      return `${problem.path}: changed: its hash is ${problem.actual}, wanted is ${problem.wanted}${files(problem)}`;
    case "not-canonical":
      return `${problem.path}: not in the store's form${files(problem)}`;
    case "unreadable":
      return `${problem.path}: cannot be read: ${problem.reason}`;
    case "address-wrong":
      return `${problem.path}: does not follow from its content address ${problem.contentAddress}`;
    case "database":
      return `database: ${problem.reason}`;
    default:
      return problem satisfies never;
  }
}

function files({ files: touched }: { files: readonly string[] }): string {
  return touched.length === 0 ? "" : ` (${formatList(touched, { limit: 5 })})`;
}
