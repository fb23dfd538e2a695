// `pipelite archive open`: a home made of an archive.
import { EXIT } from "#base/errors.ts";
import { formatCount } from "#base/numbers.ts";
import { argument, command, requiredValue } from "#cli/command.ts";
import { pathOf, print, printJson, say } from "#cli/context.ts";

export const archiveOpen = command({
  brief: "Make a home of an archive, to look at its run and build it again",
  about: [
    "Everything is compared first: each file with SHA256SUMS, each path of the store with the hash of its NAR before it is " +
      "registered. The home is there whole or not at all. It has no private key of the one that it came from: what is signed in " +
      "it from then on is signed by a key and a log of its own.",
  ],
  examples: [["pipelite archive open walk.tar --to home", "then `pipelite rebuild RUN --store home`"]],
  flags: { to: requiredValue("FOLDER", "The home; it must not be there yet") },
  args: [argument("FILE", "The archive")],
  async run(context, flags, file) {
    const app = await import("#app/archive.ts");
    const home = pathOf(context, flags.to);
    const opened = await app.openHomeFrom(pathOf(context, file), home, { signal: context.interruption() });
    if (opened === undefined) return EXIT.interrupted;
    const { manifest, files, paths } = opened;
    if (flags.json) return printJson(context, { home, ...manifest, files, paths });
    print(
      context,
      `run ${manifest.run} of ${manifest.pipeline}: ${formatCount(files, "file")}, ${formatCount(paths, "store path")}, in ${home}`,
    );
    say(context, flags, `next: pipelite rebuild ${manifest.run} --store ${flags.to}`);
  },
});
