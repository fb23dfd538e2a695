// The flags of `pipelite release`.
import { buildCommand, type Command } from "@stricli/core";
import type { ReleaseFlags } from "./commands/release.ts";
import { withContext, type Context } from "./context.ts";
import { globalAliases, globalFlags, textArgument } from "./flags.ts";
import { asFlag, keyFlag, passphraseFlag } from "./signing-key-flags.ts";

export const releaseRoute: Command<Context> = buildCommand<ReleaseFlags, [string], Context>({
  loader: async () => withContext((await import("./commands/release.ts")).release),
  parameters: {
    flags: {
      ...globalFlags,
      policy: {
        kind: "parsed",
        parse: String,
        optional: true,
        brief: "Release policy (default: release-policy.json beside pipeline.ts)",
        placeholder: "FILE",
      },
      as: { ...asFlag, optional: true },
      key: { ...keyFlag, optional: true },
      passphraseFile: passphraseFlag,
    },
    aliases: { ...globalAliases, k: "key" },
    positional: { kind: "tuple", parameters: [textArgument("RUN", "Run id or its start, or latest", "run")] },
  },
  docs: { brief: "Release a run: all that the policy demands, checked and signed" },
});
