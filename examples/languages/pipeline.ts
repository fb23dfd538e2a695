// One question in three languages: how do primes thin out? C counts them, R fits a curve to the counts, Python draws both.
// Each runs in its own environment of Debian packages. `pipelite lock` first, then `pipelite run`.
import { command, debian, out, param, pipeline, source } from "pipelite";

const programs = source("programs");

const c = debian(["gcc", "libc6-dev"]);
const compiled = command(c.tool("gcc"), ["-O2", "-o", out("primes"), programs.file("primes.c")], {
  name: "compiled",
});
// What was compiled in an environment runs in that environment.
const counts = command(
  compiled.file("primes"),
  [param.integer({ name: "limit", default: 1_000_000, min: 1000 })],
  {
    environment: c,
    stdout: "counts.csv",
  },
);

const r = debian(["r-base-core"]);
const fit = command(r.tool("Rscript"), [programs.file("fit.R"), counts.file("counts.csv")], {
  stdout: "fit.csv",
});

const python = debian(["python3-matplotlib"]);
const picture = command(python.tool("python3"), [
  programs.file("draw.py"),
  fit.file("fit.csv"),
  out("primes.png"),
]);

export default pipeline({ counts, fit, picture });
