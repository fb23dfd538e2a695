// `pipelite key new`: a key that signs runs.
import { argument, command, value } from "#cli/command.ts";
import { pathOf, print, printJson, say } from "#cli/context.ts";
import { passphraseFlag } from "#cli/flags.ts";

export const keyNew = command({
  brief: "Make a key to sign with",
  about: [
    "Makes an ECDSA key on P-256: the private half in PEM (PKCS #8), readable by you alone, the public half beside it. " +
      "With a passphrase the private half is encrypted. Overwrites nothing.",
    "With --paths it is a key for store paths in binary caches, ed25519 in the form of Nix; NAME goes into each signature.",
    "With --packages it is an RSA key for packages and their repositories; its certificate of OpenPGP, for apt and rpm, gets .asc behind " +
      "it, and .pub is for apk.",
  ],
  examples: [
    ["pipelite key new anna.key", "without a passphrase"],
    ["pipelite key new anna.key --passphrase-file secret.txt", "encrypted"],
    [
      "pipelite key new cache.key --paths cache.example.org-1",
      "for `cache push --key` and `cache serve --key`",
    ],
    ['pipelite key new team.key --packages "Team <team@example.org>"', "for `pack --key` and `repo --key`"],
  ],
  flags: {
    passphraseFile: passphraseFlag,
    paths: value("NAME", "Make a key of this name for store paths"),
    packages: value("USER", "Make a key of this user, NAME <MAIL>, for packages and repositories"),
  },
  args: [argument("FILE", "Where to write it; the public half gets .pub behind it")],
  async run(context, flags, word) {
    if (flags.paths !== undefined) {
      const { newPathKey } = await import("#app/cache.ts");
      const made = newPathKey(pathOf(context, word), flags.paths);
      if (flags.json) return printJson(context, made);
      print(context, made.publicKey);
      say(context, flags, `key: ${made.file}`);
      say(context, flags, `public key: ${made.publicFile}`);
      return;
    }
    if (flags.packages !== undefined) {
      const { newPackageKey } = await import("#app/package-keys.ts");
      const made = newPackageKey(pathOf(context, word), flags.packages);
      if (flags.json) return printJson(context, made);
      print(context, made.fingerprint);
      say(context, flags, `key: ${made.file} (without a passphrase)`);
      say(context, flags, `certificate, for apt and rpm: ${made.certificateFile}`);
      say(context, flags, `public key, for /etc/apk/keys/${made.apkName}: ${made.publicFile}`);
      return;
    }
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
