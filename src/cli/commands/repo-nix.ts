// `pipelite repo nix`: a binary cache beside the repositories of the other formats.
import { formatCount } from "#base/numbers.ts";
import { argument, command, values } from "#cli/command.ts";
import { homeOf, pathOf, print, printJson, say } from "#cli/context.ts";
import { pathKeyFlag } from "#cli/flags.ts";
import { PATH_BRIEF } from "#cli/store-access.ts";

export const repoNix = command({
  brief: "Keep a signed binary cache that Nix installs from",
  about: [
    "As `pipelite cache push --to FOLDER`: paths are added with all they need, and stay. A path has its bytes in its name, so there is no " +
      "index to switch.",
    "Who uses it: substituters = https://HOST/PATH, and trusted-public-keys with the public half of the key.",
  ],
  examples: [["pipelite repo nix site/nix --add result --key cache.key", "a result with all it needs"]],
  flags: {
    add: values("PATH", `${PATH_BRIEF}; may be repeated (default: all of the store)`),
    key: pathKeyFlag,
  },
  args: [argument("FOLDER", "The cache")],
  async run(context, flags, word) {
    const { pushToCache } = await import("#app/cache.ts");
    const pushed = await pushToCache({
      home: homeOf(context, flags.store),
      to: pathOf(context, word),
      words: flags.add,
      compression: "zstd",
      keyFile: flags.key && pathOf(context, flags.key),
      token: undefined,
      cwd: context.cwd,
      env: context.env,
      signal: context.interruption(),
    });
    if (flags.json) return printJson(context, pushed);
    print(context, pushed.added.join("\n"));
    const already = pushed.present > 0 ? `, ${pushed.present} there already` : "";
    say(context, flags, `${formatCount(pushed.added.length, "path")} to ${word}${already}`);
  },
});
