// `pipelite key new`: a key that signs runs.
import { argument, command } from "#cli/command.ts";
import { pathOf, print, printJson, say } from "#cli/context.ts";
import { passphraseFlag } from "#cli/flags.ts";

export const keyNew = command({
  brief: "Make a key to sign with",
  about: [
    "Makes an ECDSA key on P-256: the private half in PEM (PKCS #8), readable by you alone, the public half beside it. " +
      "With a passphrase the private half is encrypted. Overwrites nothing.",
  ],
  examples: [
    ["pipelite key new anna.key", "without a passphrase"],
    ["pipelite key new anna.key --passphrase-file secret.txt", "encrypted"],
  ],
  flags: { passphraseFile: passphraseFlag },
  args: [argument("FILE", "Where to write it; the public half gets .pub behind it")],
  async run(context, flags, word) {
    const { newKey } = await import("#app/sign.ts");
    const { passphraseFile } = flags;
    const made = newKey(pathOf(context, word), passphraseFile && pathOf(context, passphraseFile));
    if (flags.json) return printJson(context, made);
    const { file, publicFile, keyId, publicKey } = made;
    print(context, publicKey);
    say(context, flags, `key: ${file}${passphraseFile === undefined ? " (without a passphrase)" : ""}`);
    say(context, flags, `public key: ${publicFile}`);
    say(context, flags, `id: ${keyId}`);
  },
});
