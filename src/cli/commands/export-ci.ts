// `pipelite export-ci`: the jobs of continuous integration as the workflow of a forge.
import { argument, command, optionalArgument, usualValue } from "#cli/command.ts";
import { print, printJson } from "#cli/context.ts";
import { pipeliteError } from "#cli/errors.ts";
import { splitTarget } from "#cli/target.ts";

export const exportCi = command({
  brief: "Write the workflow of a forge: GitHub, Forgejo, Woodpecker",
  about: [
    "Writes into the repository whose top is this folder. Its jobs are those of `pipelite ci`: the build in a sandbox on x86_64 and " +
      "aarch64, an image, the checks, Alpine, Nix, Ubuntu, the comparison of bytes across systems, and the report. They may read " +
      "the repository and nothing else; no action is taken by a name that can be moved (docs/export.md).",
  ],
  examples: [
    ["pipelite export-ci github", ".github/workflows/pipelite.yml"],
    ["pipelite export-ci forgejo pipelines/walk", "for a pipeline further down"],
  ],
  flags: { branch: usualValue("NAME", "Pushes to this branch start it", { usual: "main" }) },
  args: [
    argument("FORGE", "github, forgejo or woodpecker", ["github", "forgejo", "woodpecker"]),
    optionalArgument("PIPELINE", "pipeline.ts or its folder"),
  ],
  async run(context, flags, word, target) {
    const app = await import("#app/export-ci.ts");
    const forge = app.FORGES.find((each) => each === word);
    if (forge === undefined)
      throw pipeliteError("ARGUMENT_INVALID", {
        value: word,
        name: "FORGE",
        problem: `there are ${app.FORGES.join(", ")}`,
      });
    const { pipeline } = splitTarget(context, target === undefined ? ["."] : [target]);
    const { branch } = flags;
    const files = app.exportCi({ forge, pipeline, root: context.cwd, branch });
    if (flags.json) return printJson(context, { forge, files });
    print(context, files.join("\n"));
  },
});
