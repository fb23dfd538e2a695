// `pipelite store info`: what the store knows of a path.
import { formatCount } from "#base/numbers.ts";
import { formatSize, formatTime } from "#base/quantities.ts";
import type { DescribedPath } from "#app/store.ts";
import { openCommand } from "#cli/command.ts";
import { print, printJson } from "#cli/context.ts";
import { pathArgument, withStore } from "#cli/store-access.ts";
import { formatTable } from "#cli/table.ts";

export const storeInfo = openCommand({
  brief: "Show hash, size, references and deriver of a path",
  examples: [
    ["pipelite store info result", "the path a link points to"],
    ["pipelite store info result --json", "for programs"],
  ],
  arg: pathArgument,
  async run(context, flags, ...words) {
    const { closureSizeOf: closureOf, describePath } = await import("#app/store.ts");
    await withStore(context, flags, (store, find) => {
      const paths = words.map((word) => describePath(store, find(word)));
      if (flags.json) printJson(context, paths);
      else print(context, paths.map((path) => describe(path, closureOf(store, path))).join("\n\n"));
    });
  },
});

function describe(path: DescribedPath, closure: { paths: number; bytes: number }): string {
  const facts = [
    ["path", path.path],
    ["file", path.physical],
    ["hash", path.narHash],
    ["size", `${formatSize(path.narSize)} (${path.narSize} bytes as NAR)`],
    ["closure", `${formatCount(closure.paths, "path")}, ${formatSize(closure.bytes)}`],
    ["content", path.ca ?? "addressed by its inputs"],
    ["deriver", path.deriver ?? ""],
    ["registered", formatTime(new Date(path.registrationTime * 1000).toISOString())],
    ...path.signatures.map((signature) => ["signature", signature]),
    ...path.references.map((reference) => ["refers to", reference]),
  ];
  return formatTable(facts.filter(([, value]) => value !== ""));
}
