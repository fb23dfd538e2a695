// The jobs of the benchmark that are about environments: what it costs to run in a large root, to unpack packages, to add what they make
// to a store, to choose them, and to take an image from a registry.
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { removeTree } from "#base/files.ts";
import { setAside } from "./aside.ts";
import type { Job, Place, Side } from "./measure.ts";
import { NIX_ENV } from "./nix.ts";
import { inProcess, script } from "./script.ts";

export const ENVIRONMENT_JOBS: Readonly<Record<string, (place: Place) => Job[]>> = {
  enter: enterJobs,
  unpack: unpackJobs,
  "add-root": addRootJobs,
  solve: solveJobs,
  "pull-image": pullImageJobs,
};

function run(command: string, words: readonly string[], cwd?: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, words, {
    encoding: "utf8",
    maxBuffer: 2 ** 28,
    ...(cwd !== undefined && { cwd }),
  });
  if (status !== 0) throw new Error(`${command} ${words.join(" ")}: ${stderr || error?.message}`);
  return stdout;
}

const FILES = 5000;
const FILE_BYTES = 100_000;
const STAGES = 50;
const START_MS_MAX = 15;

/** A root with busybox and files of no use, as a tar that `docker save` could have written. */
function writeRootImage(folder: string, files: number, bytes: number): string {
  const layer = join(folder, "layer");
  mkdirSync(join(layer, "bin"), { recursive: true });
  copyFileSync(run("sh", ["-c", "command -v busybox"]).trim(), join(layer, "bin/busybox"));
  chmodSync(join(layer, "bin/busybox"), 0o755);
  run("ln", ["-s", "busybox", join(layer, "bin/sh")]);
  for (let at = 0; at < files; at += 1) {
    const below = join(layer, `usr/share/folder-${at % 100}`);
    if (at < 100) mkdirSync(below, { recursive: true });
    writeFileSync(join(below, `file-${at}`), Buffer.alloc(bytes, `${at} `));
  }
  const parts = join(folder, "parts");
  mkdirSync(parts);
  run("tar", ["-C", layer, "--sort=name", "--owner=0", "--group=0", "-cf", join(parts, "layer.tar"), "."]);
  const [digest = ""] = run("sha256sum", [join(parts, "layer.tar")]).split(" ");
  const architecture = process.arch === "arm64" ? "arm64" : "amd64";
  const config = {
    os: "linux",
    architecture,
    config: { Env: ["PATH=/bin"] },
    rootfs: { type: "layers", diff_ids: [`sha256:${digest}`] },
  };
  writeFileSync(join(parts, "config.json"), JSON.stringify(config));
  writeFileSync(
    join(parts, "manifest.json"),
    JSON.stringify([{ Config: "config.json", RepoTags: ["tools:1.0"], Layers: ["layer.tar"] }]),
  );
  const image = join(folder, "image.tar");
  run("tar", ["-C", parts, "-cf", image, "manifest.json", "config.json", "layer.tar"]);
  removeTree(layer);
  removeTree(parts);
  return image;
}

function enterJobs({ folder, pipelite }: Place): Job[] {
  writeRootImage(folder, FILES, FILE_BYTES);
  let turn = 0;
  const sideOf = (name: string, shell: string): Side => {
    const root = join(folder, name);
    mkdirSync(root);
    run("ln", [join(folder, "image.tar"), join(root, "image.tar")]);
    const prepare = (): void => {
      turn += 1;
      writeFileSync(
        join(root, "pipeline.ts"),
        `import { command, image, out, pipeline, tool } from "pipelite";
${shell}
const stages = Array.from({ length: ${STAGES} }, (_, index) =>
  [\`stage-\${index}\`, command(program, [...words, "-c", \`echo ${turn} \${index} > $0\`, out])] as const);
export default pipeline(Object.fromEntries(stages));
`,
      );
    };
    const command = [
      pipelite,
      "run",
      root,
      "--store",
      join(folder, `home-${name}`),
      "--no-link",
      "-q",
      "-j",
      "1",
    ] as const;
    prepare();
    run(pipelite, ["lock", root, "--store", join(folder, `home-${name}`)]);
    run(command[0], command.slice(1));
    return { name: `${STAGES} stages ${name}`, command: [...command], prepare };
  };
  const sides = [
    sideOf("in the root", 'const [program, words] = [image("./image.tar").tool("sh"), [] as string[]];'),
    sideOf("without a root", 'const [program, words] = [tool("busybox"), ["sh"]];'),
  ] as const;
  const megabytes = (FILES * FILE_BYTES) / 1e6;
  return [
    {
      name: `run of ${STAGES} stages in a root of ${megabytes} MB, one at a time`,
      sides,
      repeats: 7,
      target: 2,
      limit: "Each stage has a user and a mount namespace more, and some twenty mounts.",
      figures: [
        {
          name: `start of a stage in a root of ${megabytes} MB, more than without`,
          unit: "ms",
          of: (ours, peer) => (ours.minMs - peer.minMs) / STAGES,
          target: START_MS_MAX,
          limit: "Each stage has a user and a mount namespace more, and some twenty mounts.",
        },
      ],
    },
  ];
}

/** Packages with much in them; those that have a script to run before they are unpacked are left out. */
const PACKAGES = [
  "gcc-12",
  "cpp-12",
  "libgcc-12-dev",
  "libc6-dev",
  "linux-libc-dev",
  "binutils-x86-64-linux-gnu",
  "libpython3.11-stdlib",
  "perl-modules-5.36",
  "fonts-dejavu-extra",
];

function unpackJobs({ folder }: Place): Job[] {
  const debs = join(folder, "debs");
  mkdirSync(debs);
  run("apt-get", ["download", "-qq", ...PACKAGES], debs);
  const files = readdirSync(debs)
    .map((name) => join(debs, name))
    .filter((file) => !run("dpkg-deb", ["--info", file]).includes("preinst"));
  const [ours, theirs] = [join(folder, "ours"), join(folder, "theirs")];
  const action = `for (const path of process.argv.slice(2)) {
  const out = process.argv[1] + "/" + path.slice(path.lastIndexOf("/") + 1);
  mkdirSync(out, { recursive: true });
  await unpack({ deb: { path, bytes: async () => readFileSync(path) } }, { out });
}`;
  const setUp = `import { mkdirSync, readFileSync } from "node:fs";
import unpack from "#environment/debian/debian-unpack.ts";`;
  const database = (): void => {
    removeTree(theirs);
    for (const each of ["info", "updates"])
      mkdirSync(join(theirs, "var/lib/dpkg", each), { recursive: true });
    for (const each of ["status", "available"]) writeFileSync(join(theirs, "var/lib/dpkg", each), "");
  };
  return [
    {
      name: `unpack of ${files.length} packages of Debian`,
      sides: [
        {
          name: "pipelite, in process, one after the other",
          ...inProcess(setUp, action, ours, ...files),
          prepare: () => removeTree(ours),
        },
        {
          name: "dpkg --unpack",
          command: ["dpkg", `--root=${theirs}`, "--force-all", "--no-triggers", "--unpack", ...files],
          prepare: database,
        },
      ],
      repeats: 5,
      target: 1,
      limit:
        "xz is four fifths of ours by processor time: compiled to WebAssembly it takes nearly twice as long as liblzma, all else less than dpkg's. A run unpacks as many " +
        "packages at a time as there are processors, dpkg one.",
    },
  ];
}

/** With these besides it is a root of some hundred MB in thousands of files. */
const LARGE = ["libicu72", "python3-scipy", "python3-matplotlib", "r-base-core", "tzdata"];
const ROOT_RATIO_MAX = 1.25;

/** Ours waits until what it adds is on the disk, Nix does not: it is held against Nix as it is, and with syncfs(2) behind it. */
function addRootJobs(place: Place): Job[] {
  const { folder } = place;
  const [debs, root] = [join(folder, "debs"), join(folder, "root")];
  const aside = join(folder, "aside");
  for (const each of [debs, root, aside]) mkdirSync(each);
  run("apt-get", ["download", "-qq", ...PACKAGES, ...LARGE], debs);
  for (const name of readdirSync(debs)) run("dpkg-deb", ["-x", join(debs, name), root]);
  removeTree(debs);
  const files = Number(run("sh", ["-c", `find ${root} -type f | wc -l`]));
  const megabytes = Math.round(Number(run("du", ["-sb", root]).split("\t")[0]) / 1e6);
  const [ours, theirs] = [join(folder, "ours"), join(folder, "theirs")];
  const code = `
    const store = openStore(process.argv[1]);
    console.log((await store.addTree(process.argv[2], { name: "root" })).path);
    store.close();`;
  const add = ["nix-store", "--store", theirs, "--add", root] as const;
  const theirSide = (name: string, command: Side["command"]): Side => ({
    name,
    command,
    env: NIX_ENV,
    prepare: () => setAside(theirs, aside),
  });
  const what = `add a root of ${megabytes} MB in ${files.toLocaleString("en")} files to a new store`;
  const pipelite: Side = {
    name: "pipelite",
    command: script(place, code, ours, root),
    prepare: () => setAside(ours, aside),
  };
  const job = (name: string, nix: Side): Job => ({
    name,
    sides: [pipelite, nix],
    repeats: 5,
    target: ROOT_RATIO_MAX,
    limit:
      "To make, write and close its files takes the kernel most of the time; ours waits until all is on the disk.",
  });
  return [
    job(what, theirSide("nix-store --add, which leaves it to the system to write it", add)),
    job(
      `${what}, until it is on the disk`,
      theirSide("nix-store --add, then sync", ["sh", "-c", '"$@" && sync -f "$3"', "sh", ...add]),
    ),
  ];
}

const SETS = ["python3-numpy", "r-base-core", "gcc", "ffmpeg", "libreoffice-calc", "texlive-latex-base"];

function solveJobs({ folder }: Place): Job[] {
  const lists = join(folder, "lists");
  const status = join(folder, "status");
  mkdirSync(join(lists, "partial"), { recursive: true });
  writeFileSync(status, "");
  const options = [
    `Dir::State::lists=${lists}`,
    `Dir::State::status=${status}`,
    "Acquire::GzipIndexes=false",
    "APT::Install-Recommends=false",
  ];
  const words = options.flatMap((option) => ["-o", option]);
  run("apt-get", [...words, "-qq", "update"]);
  const indices = readdirSync(lists)
    .filter((name) => name.endsWith("_Packages"))
    .map((name) => join(lists, name));
  const setUp = `import { readFileSync } from "node:fs";
import { solve } from "#environment/debian/solver.ts";
import { Universe } from "#environment/debian/universe.ts";
const texts = process.argv.slice(1).map((file) => ({ text: readFileSync(file, "latin1"), archive: "debian" }));`;
  const architecture = process.arch === "arm64" ? "arm64" : "amd64";
  const script = SETS.map(
    (name) => `apt-get ${words.map((word) => `'${word}'`).join(" ")} -qq --print-uris install ${name}`,
  ).join(" && ");
  return [
    {
      name: `choice of the packages for ${SETS.length} requests, indices read anew`,
      sides: [
        {
          name: "pipelite, in process",
          ...inProcess(
            setUp,
            SETS.map((name) => `solve(new Universe(texts, "${architecture}"), ["${name}"]);`).join("\n"),
            ...indices,
          ),
        },
        { name: "apt-get --print-uris", command: ["sh", "-c", `${script} > ${join(folder, "uris")}`] },
      ],
      repeats: 5,
      target: 2,
      limit:
        "Parsing 50 MB of text is nearly all of ours, for each request; apt does that once, and maps a file of its own on later requests.",
    },
  ];
}

function pullImageJobs({ folder, pipelite }: Place): Job[] {
  const port = 21_000 + (process.pid % 20_000);
  const image = writeRootImage(folder, 1000, FILE_BYTES);
  const config = join(folder, "registry.yml");
  writeFileSync(
    config,
    `version: 0.1\nlog: { level: error }\nstorage: { filesystem: { rootdirectory: ${folder}/registry } }\nhttp: { addr: "127.0.0.1:${port}" }\n`,
  );
  const registry = spawn("docker-registry", ["serve", config], { stdio: "ignore" });
  registry.unref();
  process.on("exit", () => registry.kill());
  const name = `127.0.0.1:${port}/team/tools:1.0`;
  run("sh", [
    "-c",
    `for i in $(seq 100); do curl -fs http://127.0.0.1:${port}/v2/ > /dev/null && exit; sleep 0.1; done; exit 1`,
  ]);
  run("skopeo", ["copy", "-q", "--dest-tls-verify=false", `docker-archive:${image}`, `docker://${name}`]);
  const root = join(folder, "pipeline");
  mkdirSync(root);
  writeFileSync(
    join(root, "pipeline.ts"),
    `import { command, image, out, pipeline } from "pipelite";
export default pipeline({ said: command(image("${name}").tool("sh"), ["-c", "echo hello > $0", out]) });
`,
  );
  const home = join(folder, "home");
  run(pipelite, ["lock", root, "--store", home]);
  const theirs = join(folder, "theirs");
  const script = [
    `skopeo copy -q --src-tls-verify=false docker://${name} oci:${theirs}/layout:1.0`,
    `umoci unpack --rootless --image ${theirs}/layout:1.0 ${theirs}/bundle`,
    `bwrap --bind ${theirs}/bundle/rootfs / --dev /dev --proc /proc /bin/sh -c 'echo hello > /said'`,
  ].join(" && ");
  const ours: Side = {
    name: "pipelite run",
    command: [pipelite, "run", root, "--store", home, "--no-link", "-q"],
    prepare: () => removeTree(home),
  };
  // Each pull of podman is into a place of its own, by the kind of storage that works on any file system.
  const storage = ["--storage-driver=vfs", `--root=${theirs}/podman`, `--runroot=${theirs}/run`];
  const limits = ["--network=none", "--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024"];
  const inside = [name, "/bin/sh", "-c", "echo hello > /said"];
  const podman = ["--runtime=runc", "run", "--rm", "--tls-verify=false", ...limits, ...inside];
  const emptied = (): void => {
    removeTree(theirs);
    mkdirSync(theirs);
  };
  const job = (theirSide: Side): Job => ({
    name: "pull of an image of 100 MB from a registry, and a run in it",
    sides: [ours, { ...theirSide, prepare: emptied }],
    repeats: 5,
    target: 1,
    limit:
      "Node and its libraries go into the new store as well; each file is hashed once more for its path, and files that are equal are linked.",
  });
  return [
    job({ name: "skopeo, umoci, bwrap", command: ["sh", "-c", script] }),
    job({ name: "podman run", command: ["podman", ...storage, ...podman] }),
  ];
}
