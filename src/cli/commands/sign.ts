// `pipelite sign`: an electronic signature on a run.
import { homeOf, print, printJson, say, type Context } from "#cli/context.ts";
import { readKey, type KeyFlags } from "#cli/signing-key.ts";
import { formatTable, formatTime } from "#cli/table.ts";
import { signRun } from "#release/signatures.ts";
import { readRun } from "#run/records.ts";

export interface SignFlags extends KeyFlags {
  meaning: string;
  as: string;
  reason: string;
}

export async function sign(context: Context, flags: SignFlags, word: string): Promise<void> {
  const home = homeOf(context, flags.store);
  const { runId } = readRun(home, word);
  const { meaning, as: name, reason } = flags;
  const key = readKey(context, flags);
  const signature = await signRun({ home, runId, meaning, name, reason, key });
  if (flags.json) return printJson(context, { runId, ...signature });
  const { signer, signedAt, keyId, recordDigest, bundleFile } = signature;
  const facts = [
    ["run", runId],
    ["record", recordDigest],
    ["signer", signer],
    ["meaning", meaning],
    ["reason", reason],
    ["time", formatTime(signedAt)],
    ["key", keyId],
    ["bundle", `${home}/pipelite/${bundleFile}`],
  ];
  print(context, formatTable(facts.filter(([, value]) => value !== "")));
  say(context, flags, `signed; \`pipelite verify ${runId}\` checks it`);
}
