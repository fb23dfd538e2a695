// The commands below `pipelite store`.
import { buildCommand, buildRouteMap, type Command } from "@stricli/core";
import type { AddFlags } from "./commands/store-add.ts";
import type { DeleteFlags, GcFlags, RootFlags } from "./commands/store-collect.ts";
import type { ListFlags, VerifyFlags } from "./commands/store-look.ts";
import { withContext, type Context, type GlobalFlags } from "./context.ts";
import { globalAliases, globalFlags, optionalTextArgument, textArgument } from "./flags.ts";

const PATH_BRIEF = "Store path, its hash or start, or a link to it";
const storePath = textArgument("PATH", PATH_BRIEF, "store-path");

type PathsCommand = (this: Context, flags: GlobalFlags, ...paths: string[]) => void | Promise<void>;

function manyPaths(brief: string, loader: () => Promise<PathsCommand>): Command<Context> {
  return buildCommand<GlobalFlags, string[], Context>({
    loader,
    parameters: {
      flags: globalFlags,
      aliases: globalAliases,
      positional: { kind: "array", parameter: storePath, minimum: 1 },
    },
    docs: { brief },
  });
}

const add: Command<Context> = buildCommand<AddFlags, string[], Context>({
  loader: async () => withContext((await import("./commands/store-add.ts")).storeAdd),
  parameters: {
    flags: {
      ...globalFlags,
      name: {
        kind: "parsed",
        parse: String,
        optional: true,
        brief: "Name in the store (default: that of the file)",
        placeholder: "NAME",
      },
    },
    aliases: { ...globalAliases, n: "name" },
    positional: { kind: "array", parameter: textArgument("FILE", "File or folder"), minimum: 1 },
  },
  docs: { brief: "Add files or folders" },
});

const info = manyPaths("Show hash, size, references and deriver of a path", async () =>
  withContext((await import("./commands/store-look.ts")).storeInfo),
);

const list: Command<Context> = buildCommand<ListFlags, string[], Context>({
  loader: async () => withContext((await import("./commands/store-look.ts")).storeList),
  parameters: {
    flags: {
      ...globalFlags,
      long: { kind: "boolean", default: false, brief: "Show sizes and hashes" },
      referrers: { kind: "boolean", default: false, brief: "Show what refers to the paths instead" },
    },
    aliases: { ...globalAliases, l: "long" },
    positional: { kind: "array", parameter: storePath },
  },
  docs: { brief: "List all paths, or the closure of some" },
});

const verify: Command<Context> = buildCommand<VerifyFlags, [], Context>({
  loader: async () => withContext((await import("./commands/store-look.ts")).storeVerify),
  parameters: {
    flags: {
      ...globalFlags,
      contents: { kind: "boolean", default: false, brief: "Read all files and compare their hashes" },
    },
    aliases: globalAliases,
  },
  docs: { brief: "Check the database against the files" },
});

const why: Command<Context> = buildCommand<GlobalFlags, [string, string], Context>({
  loader: async () => withContext((await import("./commands/store-look.ts")).storeWhy),
  parameters: {
    flags: globalFlags,
    aliases: globalAliases,
    positional: {
      kind: "tuple",
      parameters: [storePath, textArgument("DEPENDENCY", PATH_BRIEF, "store-path")],
    },
  },
  docs: { brief: "Show the shortest chain from a path to one it depends on" },
});

const dump: Command<Context> = buildCommand<GlobalFlags, [string], Context>({
  loader: async () => withContext((await import("./commands/store-archive.ts")).storeDump),
  parameters: {
    flags: globalFlags,
    aliases: globalAliases,
    positional: { kind: "tuple", parameters: [storePath] },
  },
  docs: { brief: "Write a path to stdout as a Nix archive (NAR)" },
});

const restore: Command<Context> = buildCommand<GlobalFlags, [string], Context>({
  loader: async () => withContext((await import("./commands/store-archive.ts")).storeRestore),
  parameters: {
    flags: globalFlags,
    aliases: globalAliases,
    positional: { kind: "tuple", parameters: [textArgument("TARGET", "File or folder to make")] },
  },
  docs: { brief: "Unpack a Nix archive (NAR) from stdin" },
});

const exportPaths = manyPaths(
  "Write closures to stdout, for `store import` or `nix-store --import`",
  async () => withContext((await import("./commands/store-archive.ts")).storeExport),
);

const importPaths: Command<Context> = buildCommand<GlobalFlags, [], Context>({
  loader: async () => withContext((await import("./commands/store-archive.ts")).storeImport),
  parameters: { flags: globalFlags, aliases: globalAliases },
  docs: { brief: "Add paths from stdin, written by `store export` or `nix-store --export`" },
});

const gc: Command<Context> = buildCommand<GcFlags, [], Context>({
  loader: async () => withContext((await import("./commands/store-collect.ts")).storeGc),
  parameters: {
    flags: { ...globalFlags, dryRun: { kind: "boolean", default: false, brief: "Only show what would go" } },
    aliases: { ...globalAliases, n: "dryRun" },
  },
  docs: { brief: "Delete what no root and no running process needs" },
});

const root: Command<Context> = buildCommand<RootFlags, [string?, string?], Context>({
  loader: async () => withContext((await import("./commands/store-collect.ts")).storeRoot),
  parameters: {
    flags: globalFlags,
    aliases: globalAliases,
    positional: {
      kind: "tuple",
      parameters: [
        optionalTextArgument("LINK", "Link to make (without it: list all roots)"),
        optionalTextArgument("PATH", PATH_BRIEF, "store-path"),
      ],
    },
  },
  docs: { brief: "Keep a path from being collected, or list what is kept" },
});

const deleteRoute: Command<Context> = buildCommand<DeleteFlags, string[], Context>({
  loader: async () => withContext((await import("./commands/store-collect.ts")).storeDelete),
  parameters: {
    flags: globalFlags,
    aliases: globalAliases,
    positional: { kind: "array", parameter: storePath, minimum: 1 },
  },
  docs: { brief: "Delete paths that nothing needs" },
});

export const storeRoutes = buildRouteMap({
  routes: {
    add,
    info,
    list,
    verify,
    why,
    dump,
    restore,
    export: exportPaths,
    import: importPaths,
    gc,
    root,
    delete: deleteRoute,
  },
  docs: { brief: "Look at the store and change it by hand" },
});
