// `pipelite repo apt|apk|rpm`: repositories of packages, that the distribution's own tool installs from.
import { argument, command, requiredValue, usualValue, values, type Command } from "#cli/command.ts";
import { pathOf, print, printJson, say } from "#cli/context.ts";
import { epochOf } from "#cli/epoch.ts";
import { formatCount } from "#base/numbers.ts";

type Kind = "apt" | "apk" | "rpm";

const TEXTS: Readonly<Record<Kind, { tool: string; index: string; extension: string; client: string }>> = {
  apt: {
    tool: "apt",
    index: "Packages by hash, Release and InRelease",
    extension: "deb",
    client: "deb [signed-by=/etc/apt/keyrings/repository.asc] https://HOST/PATH SUITE main",
  },
  apk: {
    tool: "apk",
    index: "APKINDEX.tar.gz",
    extension: "apk",
    client: "https://HOST/PATH in /etc/apk/repositories",
  },
  rpm: {
    tool: "dnf",
    index: "repomd.xml and its signature",
    extension: "rpm",
    client: "baseurl=https://HOST/PATH with gpgcheck=1 and repo_gpgcheck=1",
  },
};

/** The command of one kind. */
export function repoOf(kind: Kind): Command {
  const { tool, index, extension, client } = TEXTS[kind];
  return command({
    brief: `Keep a signed repository that ${tool} installs from`,
    about: [
      `A folder for any web server: packages are added to it and stay, older versions too; the index (${index}) is written anew, signed, and ` +
        "switched when all else is there. A package that has another of its name and version with other bytes is refused.",
      `Who uses it: ${client}.`,
    ],
    examples: [
      [
        `pipelite repo ${kind} site --add packages --key team.key`,
        `all .${extension} in the folder packages`,
      ],
      [`pipelite repo ${kind} site --key team.key`, "the index again, as of now"],
    ],
    flags: {
      add: values("FILE", `A .${extension}, or a folder of them; may be repeated`),
      key: requiredValue("FILE", "Key that signs: `pipelite key new FILE --packages USER` makes one"),
      ...(kind === "apt" && SUITE),
      origin: usualValue("NAME", "Whose it is, as the index says", { usual: "Pipelite" }),
    },
    args: [argument("FOLDER", "The repository")],
    async run(context, flags, word) {
      const app = await import("#app/repo.ts");
      const suite = "suite" in flags && typeof flags.suite === "string" ? flags.suite : "stable";
      const made = await app.repo({
        kind,
        folder: pathOf(context, word),
        add: flags.add.map((each) => pathOf(context, each)),
        keyFile: pathOf(context, flags.key),
        suite,
        origin: flags.origin,
        epoch: epochOf(context),
      });
      if (flags.json) return printJson(context, made);
      print(context, made.added.join("\n"));
      const already = made.present > 0 ? `, ${made.present} there already` : "";
      say(context, flags, `${formatCount(made.packages, "package")} in ${word}${already}`);
    },
  });
}

function parseSuite(text: string): string {
  if (!/^[a-z][a-z0-9.-]*$/.test(text)) throw new RangeError("it must be letters, digits, . and -");
  return text;
}

const SUITE = { suite: usualValue("NAME", "Suite of apt", { usual: "stable", parse: parseSuite }) };
