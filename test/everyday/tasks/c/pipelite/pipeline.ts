import { command, debian, out, pipeline, source } from "pipelite";

const c = debian(["gcc", "libc6-dev"]);
const sieve = command(c.tool("gcc"), ["-O2", "-o", out("sieve"), source("sieve.c")], { name: "sieve" });
export default pipeline({
  primes: command(sieve.file("sieve"), [], { environment: c, stdout: "primes.txt" }),
});
