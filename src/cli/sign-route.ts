// The flags of `pipelite sign` and `pipelite verify`.
import { buildCommand, type Command } from "@stricli/core";
import type { SignFlags } from "./commands/sign.ts";
import type { VerifyFlags } from "./commands/verify.ts";
import { withContext, type Context } from "./context.ts";
import { globalAliases, globalFlags, textArgument } from "./flags.ts";
import { asFlag, keyFlag, passphraseFlag } from "./signing-key-flags.ts";

export const signRoute: Command<Context> = buildCommand<SignFlags, [string], Context>({
  loader: async () => withContext((await import("./commands/sign.ts")).sign),
  parameters: {
    flags: {
      ...globalFlags,
      meaning: {
        kind: "parsed",
        parse: String,
        brief: "What the signature means: review, approval, responsibility or authorship",
        placeholder: "MEANING",
      },
      as: asFlag,
      key: keyFlag,
      passphraseFile: passphraseFlag,
      reason: {
        kind: "parsed",
        parse: String,
        default: "",
        brief: "Why it is given",
        placeholder: "TEXT",
      },
    },
    aliases: { ...globalAliases, m: "meaning", k: "key" },
    positional: { kind: "tuple", parameters: [textArgument("RUN", "Run id or its start, or latest", "run")] },
  },
  docs: { brief: "Sign a run: who, with what meaning, why and when" },
});

export const verifyRoute: Command<Context> = buildCommand<VerifyFlags, [string], Context>({
  loader: async () => withContext((await import("./commands/verify.ts")).verify),
  parameters: {
    flags: {
      ...globalFlags,
      key: {
        kind: "parsed",
        parse: String,
        variadic: true,
        optional: true,
        brief: "Public key that counts (default: those known to this home)",
        placeholder: "FILE",
      },
    },
    aliases: { ...globalAliases, k: "key" },
    positional: {
      kind: "tuple",
      parameters: [textArgument("RUN|BUNDLE", "Run id or its start, or a bundle file", "run")],
    },
  },
  docs: { brief: "Check digests and signatures of a run or of a bundle, offline" },
});
