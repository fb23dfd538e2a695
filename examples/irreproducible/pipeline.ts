// Stages that are not reproducible, each for one reason that is met in practice: what `pipelite rebuild` is tried on.
// docs/rebuild.md has what it says of each.
import { command, out, pipeline, sh, source, stage, tool } from "pipelite";

const readings = source("data");
const tar = tool("tar");

export default pipeline({
  // Time.
  "clock-second": stage(() => import("./stages/clock-second.ts")),
  "clock-year": stage(() => import("./stages/clock-year.ts")),
  "clock-monotonic": stage(() => import("./stages/clock-monotonic.ts")),
  "file-time": stage(() => import("./stages/file-time.ts")),
  "time-zone": stage(() => import("./stages/time-zone.ts")),
  // Chance.
  "random-number": stage(() => import("./stages/random-number.ts")),
  "random-uuid": stage(() => import("./stages/random-uuid.ts")),
  "temporary-name": stage(() => import("./stages/temporary-name.ts")),
  "hash-seed": command(tool("perl"), ["-e", "my %h = map { $_ => 1 } 'a' .. 'z'; print keys %h"], {
    stdout: "keys.txt",
  }),
  // Things at once.
  race: stage(() => import("./stages/race.ts")),
  "float-sum": stage(() => import("./stages/float-sum.ts")),
  cores: stage(() => import("./stages/cores.ts")),
  // Who and where.
  user: stage(() => import("./stages/user.ts")),
  umask: stage(() => import("./stages/umask.ts")),
  "host-name": stage(() => import("./stages/host-name.ts")),
  "build-path": stage(() => import("./stages/build-path.ts")),
  home: stage(() => import("./stages/home.ts")),
  locale: stage(() => import("./stages/locale.ts")),
  environment: stage(() => import("./stages/environment.ts")),
  kernel: stage(() => import("./stages/kernel.ts")),
  address: stage(() => import("./stages/address.ts")),
  "process-id": sh`(echo "process $BASHPID") > ${out}`,
  // Files.
  "folder-order": stage(() => import("./stages/folder-order.ts"), { readings }),
  inode: stage(() => import("./stages/inode.ts")),
  "tar-time": sh({ path: [tool("cp"), tar] })`cp -r ${readings} packed && tar --sort=name -cf ${out} packed`,
  "gzip-time": sh({
    path: [tool("gzip"), tool("mv")],
  })`echo data > data.txt; gzip data.txt; mv data.txt.gz ${out}`,
  // Nothing is wrong with this one.
  fine: stage(() => import("./stages/fine.ts"), { readings }),
});
