// What help says beyond the table of commands. Every command has examples, and a test reads each of them as a command
// line, so that none can go stale.

export interface HelpText {
  /** Paragraphs. */
  about?: readonly string[];
  examples: readonly (readonly [commandLine: string, what: string])[];
}

/** By the words of the command; the empty key is `pipelite` itself. */
export const helpTexts: Readonly<Record<string, HelpText>> = {
  "": {
    examples: [
      ["pipelite init", "write a small pipeline into this folder"],
      ["pipelite run", "run it: build what changed, reuse the rest"],
      ["pipelite plan", "show what a run would build, and why"],
      ["pipelite show", "look at the latest run"],
    ],
  },
  run: {
    about: [
      "Builds the stages whose code, inputs, tools or parameters changed, each in a sandbox with nothing but its " +
        "inputs, and links the result. Progress goes to stderr; where stdout is no terminal, the path of the result " +
        "is printed there.",
    ],
    examples: [
      ["pipelite run", "the pipeline.ts of this folder"],
      ["pipelite run examples/monster-walk", "the pipeline of another folder"],
      ["pipelite run . audio", "only the stage audio and what it needs"],
      ["pipelite run --param seconds=20", "with another value of a parameter"],
      ["pipelite run --engine nix", "the same derivations, built by Nix"],
      ["pipelite run --json", "one event a line, for programs"],
    ],
  },
  plan: {
    about: ["Builds nothing and runs no code of a stage."],
    examples: [
      ["pipelite plan", "the pipeline.ts of this folder"],
      ["pipelite plan --param seconds=20", "what another value would rebuild"],
    ],
  },
  runs: {
    examples: [
      ["pipelite runs", "the last runs, newest first"],
      ["pipelite runs --all --json", "all of them, for programs"],
    ],
  },
  show: {
    examples: [
      ["pipelite show", "the latest run"],
      ["pipelite show 20261121T0351", "the run whose id starts so"],
    ],
  },
  log: {
    examples: [
      ["pipelite log audio", "what the stage audio printed in the latest run"],
      ["pipelite log audio --run 20261121T0351", "in another run"],
    ],
  },
  diff: {
    examples: [
      ["pipelite diff 20261121T0351", "that run against the latest"],
      ["pipelite diff 20261120 20261121", "one run against another"],
    ],
  },
  trace: {
    about: [
      "Draws a bar for each stage and marks the critical path: the longest chain of stages that read each other's " +
        "outputs. Dots are time in which a stage was ready and waited for its turn.",
      "The other formats are files: chrome for ui.perfetto.dev and chrome://tracing, otlp for any OpenTelemetry " +
        "collector. Both follow from the record alone.",
    ],
    examples: [
      ["pipelite trace", "the latest run as a timeline"],
      ["pipelite trace --verbose", "with every figure and its source"],
      ["pipelite trace 20261121T0351 --format chrome", "to stdout; redirect it to a file"],
    ],
  },
  report: {
    about: [
      "Writes report.html, which holds everything in one file for reading and printing, and the same as data: the " +
        "executed batch record, the master record, deviations, evidence for clauses of standards, and CycloneDX " +
        "attestations. Works for failed runs and for runs that built nothing, too.",
      "Every value is a claim of the run or an identifier that says where it stands. Nothing in these documents says " +
        "that a requirement is met: persons decide that.",
    ],
    examples: [
      ["pipelite report", "the latest run, into report-RUN in this folder"],
      ["pipelite report 20261121T0351 --out documents", "another run, into a folder"],
      ["pipelite report --pdf", "and report.pdf, printed by Chromium"],
      ["pipelite report --json", "with the digest of each document, for programs"],
    ],
  },
  key: {
    examples: [["pipelite key new anna.key", "make a key, and its public half in anna.key.pub"]],
  },
  "key new": {
    about: [
      "Makes an ECDSA key on P-256: the private half in PEM (PKCS #8), readable by you alone, the public half beside it. " +
        "With a passphrase the private half is encrypted. Overwrites nothing.",
    ],
    examples: [
      ["pipelite key new anna.key", "without a passphrase"],
      ["pipelite key new anna.key --passphrase-file secret.txt", "encrypted"],
    ],
  },
  sign: {
    about: [
      "Signs the bytes of the run's record and of its result: one Sigstore bundle for each person, meaning, reason and " +
        "time. It can't be put on another run, and it no longer holds when the record changes.",
    ],
    examples: [
      ["pipelite sign latest --meaning review --as 'Anna Meier' --key anna.key", "the latest run"],
      [
        "pipelite sign 20261121T0351 -m approval --as 'Bert Kunz' --key bert.key --reason 'limits met'",
        "another run, with a reason",
      ],
    ],
  },
  verify: {
    about: [
      "Holds the record against the journal, every output against its recorded hash, and every signature, deviation and " +
        "release against the key that made it. Recomputes no claim: `pipelite audit` does.",
      "Ends with 0 when all of it holds, with 3 when something doesn't.",
    ],
    examples: [
      ["pipelite verify latest", "with the keys that signed in this home"],
      ["pipelite verify latest --key anna.key.pub --key bert.key.pub", "these keys count, and no other"],
      ["pipelite verify ./approval.sigstore.json --key bert.key.pub", "one bundle"],
    ],
  },
  deviation: {
    examples: [["pipelite deviation list", "what departed from the plan in the latest run"]],
  },
  "deviation list": {
    about: [
      "Deviations open by themselves: a failed check or stage, a check that could not decide, a retry, a weaker sandbox, " +
        "values an audit did not get again, a signal of a control chart. EARLIER counts runs before that departed alike.",
    ],
    examples: [
      ["pipelite deviation list", "of the latest run"],
      ["pipelite deviation list 20261121T0351 --history", "of another run, with all moves"],
    ],
  },
  "deviation move": {
    about: [
      "States: open, investigating, dispositioned (rework, use-as-is or reject), capa, effectiveness-check, closed. Each " +
        "move has a reason and is signed.",
    ],
    examples: [
      [
        "pipelite deviation move D-3f2a91c07b44 investigating --reason 'fan failed' --as 'Anna Meier' --key anna.key",
        "begin to look into it",
      ],
      [
        "pipelite deviation move D-3f2a91c07b44 dispositioned --disposition use-as-is --reason 'no effect' --as 'Anna Meier' --key anna.key",
        "decide about the result",
      ],
    ],
  },
  release: {
    about: [
      "Holds a run against the release policy: release-policy.json beside pipeline.ts, or a built-in one, which is shown. " +
        "When all demands are met, a signed statement says so; a run is never released twice differently.",
      "Ends with 0 when it is released, with 3 and the list of what is missing when not.",
    ],
    examples: [
      ["pipelite release latest", "what is missing?"],
      ["pipelite release latest --as 'Carla Voss' --key carla.key", "release it"],
      ["pipelite release latest --policy strict.json --as 'Carla Voss' --key carla.key", "by another policy"],
    ],
  },
  audit: {
    about: [
      "Believes nothing that the run says of itself. It makes the list of claims anew, evaluates every formula over " +
        "evidence whose store paths it has just recomputed from the bytes, builds every derivation again in the " +
        "sandbox beside the store, and checks record and journal. What can't be told is unavailable, which is no pass.",
      "Exits with 0 if everything holds, else with 3; the report is kept with the run.",
    ],
    examples: [
      ["pipelite audit", "the latest run"],
      ["pipelite audit 20261121T035102123Z --jobs 1", "another one, by the start of its id"],
      ["pipelite audit --json", "every claim with its formula, evidence and status"],
    ],
  },
  capability: {
    about: [
      "Computes Cp, Cpk, Pp, Ppk and Cpm with confidence bounds, draws control charts, and checks stability, normality " +
        "and independence. Values are individual ones in the order of measuring, unless --subgroup tells them apart.",
      "Ends with 0 when the lower 95 % bound of both Cpk and Ppk reaches --minimum and every check holds, with 1 when " +
        "not, with 2 when the file can't be read.",
    ],
    examples: [
      ["pipelite capability rings.csv --column diameter --lsl 73.95 --usl 74.05", "individual values"],
      [
        "pipelite capability rings.csv -c diameter --usl 74.05 --subgroup sample",
        "with subgroups, one limit",
      ],
      ["pipelite capability rings.csv -c diameter --usl 74.05 --picture rings.svg", "and a page with charts"],
      ["pipelite capability times.ndjson -c ms --usl 900 --subgroup 5 --json", "for programs"],
    ],
  },
  lean: {
    examples: [["pipelite lean check Proofs.ndjson", "check what lean4export wrote"]],
  },
  "lean check": {
    about: [
      "Type-checks every declaration of a file in the format 3.1 of lean4export with a kernel of our own. Lists each " +
        "theorem with its statement and the axioms it rests on; stops at the first declaration that breaks a rule.",
      "Allowed are the axioms of standard Lean: propext, Classical.choice and Quot.sound. A statement means what its " +
        "definitions say: read those, too.",
      "Ends with 0 when all of it is accepted; with 3 when a declaration is rejected, the file is malformed, or the " +
        "work takes more than is allowed (unavailable: nothing is said then); with 2 when the file can't be read.",
    ],
    examples: [
      ["pipelite lean check Proofs.ndjson", "all theorems, on what they rest, and the verdict"],
      ["pipelite lean check Proofs.ndjson --allow-axiom my_axiom", "with an axiom taken for granted"],
      ["pipelite lean check - --quiet", "from stdin; says only what is wrong"],
      ["pipelite lean check Proofs.ndjson --json", "for programs"],
    ],
  },
  trend: {
    about: [
      "Looks at what the runs of a pipeline measured: times, memory and I/O of the stages, in the runs that built them, " +
        "and the values that stages stated as checks. Limits come from the first runs, so that a signal means: no " +
        "longer as it was. Without --stage and --claim every value has a line.",
    ],
    examples: [
      ["pipelite trend", "every value of the pipeline that ran last"],
      ["pipelite trend monster-walk --stage audio --figure wall", "the chart of one figure"],
      ["pipelite trend --stage audio --figure memory --picture audio.svg", "and a page with charts"],
      ["pipelite trend --claim validation/chord.frequency-71 --last 50 --json", "a value, for programs"],
      ["pipelite trend --from 20261121T0351 --baseline 30", "a new baseline after a change that was meant"],
    ],
  },
  history: {
    examples: [
      ["pipelite history", "the last runs, as `history list` shows them"],
      ["pipelite history sync --database postgres://ci@db.example/runs", "to a database that machines share"],
      ["pipelite history rebuild", "after the index was damaged"],
    ],
  },
  "history list": {
    examples: [
      ["pipelite history list", "the last runs"],
      ["pipelite history list monster-walk --all --json", "all runs of one pipeline, for programs"],
    ],
  },
  "history sync": {
    about: [
      "Every command that reads the index does this first. Ends with 3 when a record is not the one that was indexed " +
        "before, or can't be read.",
    ],
    examples: [
      ["pipelite history sync", "add new runs to the file in the home"],
      ["pipelite history sync --database postgres://ci@db.example/runs", "to a database that machines share"],
    ],
  },
  "history rebuild": {
    about: [
      "The run records are the truth, the index is made of them. What other machines put into a shared database stays.",
    ],
    examples: [["pipelite history rebuild", "after the index was damaged"]],
  },
  store: {
    examples: [
      ["pipelite store list", "all paths in the store"],
      ["pipelite store info result", "hash, size and references of a result"],
      ["pipelite store gc --dry-run", "what a collection would delete"],
    ],
  },
  "store add": {
    examples: [
      ["pipelite store add data.csv", "print the path of the copy in the store"],
      ["pipelite store add --name input photos", "under another name"],
    ],
  },
  "store info": {
    examples: [
      ["pipelite store info result", "the path a link points to"],
      ["pipelite store info result --json", "for programs"],
    ],
  },
  "store list": {
    examples: [
      ["pipelite store list", "all paths"],
      ["pipelite store list --long result", "what result needs, with sizes"],
      ["pipelite store list --referrers result", "what refers to result"],
    ],
  },
  "store verify": {
    about: ["Ends with 3 when something is wrong."],
    examples: [
      ["pipelite store verify", "every registered path is there"],
      ["pipelite store verify --contents", "and every byte is what was registered"],
    ],
  },
  "store why": {
    examples: [["pipelite store why result 7rjj86a1", "why result depends on the path with that hash"]],
  },
  "store dump": {
    examples: [["pipelite store dump result", "to stdout; redirect it to a file"]],
  },
  "store restore": {
    examples: [["pipelite store restore copy", "unpack what comes from stdin to ./copy"]],
  },
  "store export": {
    examples: [["pipelite store export result", "with all it needs, to stdout"]],
  },
  "store import": {
    examples: [["pipelite store import", "what `store export` wrote, from stdin"]],
  },
  "store gc": {
    examples: [
      ["pipelite store gc --dry-run", "list what would go, and how much it takes"],
      ["pipelite store gc", "delete it"],
    ],
  },
  "store root": {
    about: ["A link made here keeps its path, and all that path needs, until the link is removed."],
    examples: [
      ["pipelite store root", "list all roots"],
      ["pipelite store root keep result", "make ./keep, which keeps the path of result"],
    ],
  },
  "store delete": {
    examples: [["pipelite store delete 7rjj86a1", "refused while something needs it"]],
  },
  init: {
    about: [
      "Writes a pipeline that works as it stands: data, a check of them, a gate, a picture, a test, and",
      "the Node and TypeScript that it is made for. Overwrites nothing; a package.json that is there gets",
      "what it lacks.",
    ],
    examples: [
      ["pipelite init", "into this folder"],
      ["pipelite init walk", "into the folder walk"],
    ],
  },
  help: {
    examples: [
      ["pipelite help run", "explain `pipelite run`"],
      ["pipelite help store gc", "explain `pipelite store gc`"],
    ],
  },
  completion: {
    about: [
      "Bash: pipelite completion bash > ~/.local/share/bash-completion/completions/pipelite",
      "Zsh: pipelite completion zsh > a file _pipelite in a folder of your $fpath",
      "Fish: pipelite completion fish > ~/.config/fish/completions/pipelite.fish",
    ],
    examples: [["pipelite completion bash", "the script for bash"]],
  },
};
