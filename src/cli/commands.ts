// The table of all commands. Each is a file of commands/, which is loaded when it is run or explained.
import type { CommandGroup } from "./command.ts";

const history: CommandGroup = {
  brief: "The index of run records: look at it, bring it up to date",
  examples: [
    ["pipelite history", "the last runs, as `history list` shows them"],
    ["pipelite history sync --database postgres://ci@db.example/runs", "to a database that machines share"],
    ["pipelite history rebuild", "after the index was damaged"],
  ],
  usual: "list",
  commands: {
    list: async () => (await import("./commands/history-list.ts")).historyList,
    sync: async () => (await import("./commands/history-sync.ts")).historySync,
    rebuild: async () => (await import("./commands/history-rebuild.ts")).historyRebuild,
  },
};

const deviation: CommandGroup = {
  brief: "Deviations of runs and what is done about them",
  examples: [["pipelite deviation list", "what departed from the plan in the latest run"]],
  commands: {
    list: async () => (await import("./commands/deviation-list.ts")).deviationList,
    move: async () => (await import("./commands/deviation-move.ts")).deviationMove,
  },
};

const journal: CommandGroup = {
  brief: "The journal of a home: whether it is whole, and what to do when it is not",
  examples: [["pipelite journal", "as `journal show`: its lines, and broken ones"]],
  usual: "show",
  commands: {
    show: async () => (await import("./commands/journal-show.ts")).journalShow,
    accept: async () => (await import("./commands/journal-accept.ts")).journalAccept,
  },
};

const key: CommandGroup = {
  brief: "Keys that sign",
  examples: [["pipelite key new anna.key", "make a key, and its public half in anna.key.pub"]],
  commands: { new: async () => (await import("./commands/key-new.ts")).keyNew },
};

const cache: CommandGroup = {
  brief: "Binary caches: put paths into one, take them out of one, be one",
  examples: [
    ["pipelite cache push result --to /srv/cache", "a result with all it needs, into a folder"],
    ["pipelite cache pull PATH --from https://cache.example.org", "a store path from a web server"],
    ["pipelite cache serve --port 8080", "this store, for Pipelite and Nix"],
  ],
  commands: {
    push: async () => (await import("./commands/cache-push.ts")).cachePush,
    pull: async () => (await import("./commands/cache-pull.ts")).cachePull,
    serve: async () => (await import("./commands/cache-serve.ts")).cacheServe,
  },
};

const archive: CommandGroup = {
  brief: "One file from which a run can be verified and built again in ten years",
  examples: [
    ["pipelite archive save --out walk.tar", "the latest run; `save` may be left out"],
    ["pipelite archive open walk.tar --to home", "make a home of it"],
  ],
  usual: "save",
  commands: {
    save: async () => (await import("./commands/archive-save.ts")).archiveSave,
    open: async () => (await import("./commands/archive-open.ts")).archiveOpen,
  },
};

const lean: CommandGroup = {
  brief: "Check proofs of Lean 4, without Lean",
  examples: [["pipelite lean check Proofs.ndjson", "check what lean4export wrote"]],
  commands: { check: async () => (await import("./commands/lean-check.ts")).leanCheck },
};

const store: CommandGroup = {
  brief: "Look at the store and change it by hand",
  examples: [
    ["pipelite store list", "all paths in the store"],
    ["pipelite store info result", "hash, size and references of a result"],
    ["pipelite store gc --dry-run", "what a collection would delete"],
  ],
  commands: {
    add: async () => (await import("./commands/store-add.ts")).storeAdd,
    info: async () => (await import("./commands/store-info.ts")).storeInfo,
    list: async () => (await import("./commands/store-list.ts")).storeList,
    verify: async () => (await import("./commands/store-verify.ts")).storeVerify,
    why: async () => (await import("./commands/store-why.ts")).storeWhy,
    dump: async () => (await import("./commands/store-dump.ts")).storeDump,
    restore: async () => (await import("./commands/store-restore.ts")).storeRestore,
    export: async () => (await import("./commands/store-export.ts")).storeExport,
    import: async () => (await import("./commands/store-import.ts")).storeImport,
    repair: async () => (await import("./commands/store-repair.ts")).storeRepair,
    optimise: async () => (await import("./commands/store-optimise.ts")).storeOptimise,
    gc: async () => (await import("./commands/store-gc.ts")).storeGc,
    root: async () => (await import("./commands/store-root.ts")).storeRoot,
    profile: async () => (await import("./commands/store-profile.ts")).storeProfile,
    delete: async () => (await import("./commands/store-delete.ts")).storeDelete,
  },
};

const repo: CommandGroup = {
  brief: "Signed repositories of packages: apt, apk, rpm, Nix",
  examples: [
    ["pipelite repo apt site --add packages --key team.key", "add packages, and sign what there is"],
  ],
  commands: {
    apt: async () => (await import("./commands/repo.ts")).repoOf("apt"),
    apk: async () => (await import("./commands/repo.ts")).repoOf("apk"),
    rpm: async () => (await import("./commands/repo.ts")).repoOf("rpm"),
    nix: async () => (await import("./commands/repo-nix.ts")).repoNix,
  },
};

export const commands: CommandGroup = {
  brief: "Pipelines that can prove what they did",
  examples: [
    ["pipelite init", "write a small pipeline into this folder"],
    ["pipelite run", "run it: build what changed, reuse the rest"],
    ["pipelite plan", "show what a run would build, and why"],
    ["pipelite show", "look at the latest run"],
  ],
  commands: {
    run: async () => (await import("./commands/run.ts")).run,
    plan: async () => (await import("./commands/plan.ts")).plan,
    shell: async () => (await import("./commands/shell.ts")).shell,
    lock: async () => (await import("./commands/lock.ts")).lock,
    graph: async () => (await import("./commands/graph.ts")).graph,
    runs: async () => (await import("./commands/runs.ts")).runs,
    show: async () => (await import("./commands/show.ts")).show,
    log: async () => (await import("./commands/log.ts")).log,
    diff: async () => (await import("./commands/diff.ts")).diff,
    report: async () => (await import("./commands/report.ts")).report,
    trace: async () => (await import("./commands/trace.ts")).trace,
    trend: async () => (await import("./commands/trend.ts")).trend,
    history,
    deviation,
    sign: async () => (await import("./commands/sign.ts")).sign,
    verify: async () => (await import("./commands/verify.ts")).verify,
    release: async () => (await import("./commands/release.ts")).release,
    journal,
    key,
    store,
    cache,
    push: async () => (await import("./commands/push.ts")).push,
    lean,
    audit: async () => (await import("./commands/audit.ts")).audit,
    rebuild: async () => (await import("./commands/rebuild.ts")).rebuild,
    provenance: async () => (await import("./commands/provenance.ts")).provenance,
    sbom: async () => (await import("./commands/sbom.ts")).sbom,
    pack: async () => (await import("./commands/pack.ts")).pack,
    archive,
    repo,
    "log-audit": async () => (await import("./commands/log-audit.ts")).logAudit,
    "export-nix": async () => (await import("./commands/export-nix.ts")).exportNix,
    "export-ci": async () => (await import("./commands/export-ci.ts")).exportCi,
    ci: async () => (await import("./commands/ci.ts")).ci,
    capability: async () => (await import("./commands/capability.ts")).capability,
    init: async () => (await import("./commands/init.ts")).init,
    help: async () => (await import("./commands/help.ts")).helpOn(commands),
    completion: async () => (await import("./commands/completion.ts")).completion,
  },
};
