// `pipelite cache push`: paths with all they need into a binary cache.
import { formatCount } from "#base/numbers.ts";
import { formatSize } from "#base/quantities.ts";
import { argument, openCommand, requiredValue, usualChoice } from "#cli/command.ts";
import { homeOf, pathOf, print, printJson, say } from "#cli/context.ts";
import { pathKeyFlag, tokenFlag } from "#cli/flags.ts";
import { PATH_BRIEF } from "#cli/store-access.ts";

export const cachePush = openCommand({
  brief: "Put paths, with all they need, into a binary cache",
  about: [
    "A cache is a folder, which any web server can serve, http://HOST/PATH, https://HOST/PATH, or " +
      "s3://BUCKET/PREFIX?endpoint=HOST&region=REGION with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment. " +
      "Or it is the store of a machine: ssh-ng://USER@HOST. Real Nix reads all of these, too. What is there already is passed over, so a push that was stopped goes on where it was.",
  ],
  examples: [
    ["pipelite cache push result --to /srv/cache", "a result, into a folder"],
    [
      "pipelite cache push result --to https://cache.example.org --token-file token --key cache.key",
      "signed",
    ],
  ],
  flags: {
    to: requiredValue("CACHE", "Folder or URL of the cache"),
    key: pathKeyFlag,
    tokenFile: tokenFlag,
    compression: usualChoice("HOW", ["zstd", "none"], "How NARs are packed", "zstd"),
  },
  arg: { ...argument("PATH", PATH_BRIEF, "store-path") },
  async run(context, flags, ...words) {
    const { pushToCache, readToken } = await import("#app/cache.ts");
    const { key, tokenFile, to, compression } = flags;
    const pushed = await pushToCache({
      home: homeOf(context, flags.store),
      to,
      words,
      compression,
      keyFile: key && pathOf(context, key),
      token: readToken(tokenFile && pathOf(context, tokenFile)),
      cwd: context.cwd,
      env: context.env,
      signal: context.interruption(),
    });
    if (flags.json) return printJson(context, pushed);
    print(context, pushed.added.join("\n"));
    const already = pushed.present > 0 ? `, ${pushed.present} there already` : "";
    say(
      context,
      flags,
      `${formatCount(pushed.added.length, "path")} to ${pushed.url} (${formatSize(pushed.bytes)})${already}`,
    );
  },
});
