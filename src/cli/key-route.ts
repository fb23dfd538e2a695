// The flags of `pipelite key`.
import { buildCommand, buildRouteMap, type Command } from "@stricli/core";
import type { KeyNewFlags } from "./commands/key.ts";
import { withContext, type Context } from "./context.ts";
import { globalAliases, globalFlags, textArgument } from "./flags.ts";
import { passphraseFlag } from "./signing-key-flags.ts";

const newKey: Command<Context> = buildCommand<KeyNewFlags, [string], Context>({
  loader: async () => withContext((await import("./commands/key.ts")).keyNew),
  parameters: {
    flags: { ...globalFlags, passphraseFile: passphraseFlag },
    aliases: globalAliases,
    positional: {
      kind: "tuple",
      parameters: [textArgument("FILE", "Where to write it; the public half gets .pub behind it")],
    },
  },
  docs: { brief: "Make a key to sign with" },
});

export const keyRoute = buildRouteMap({
  routes: { new: newKey },
  docs: { brief: "Keys that sign" },
});
