// A program in C with the C library of Alpine (musl) in it, as packages of every distribution. `pipelite run`, then
// `pipelite pack --format deb,rpm,apk --out packages`. APKBUILD beside this builds the same source on Alpine.
import { command, debian, out, pack, pipeline, source } from "pipelite";

const c = debian(["musl-tools"]);
const hello = command(
  c.tool("musl-gcc"),
  ["-O2", "-static", "-s", "-o", out("bin/hello-static"), source("hello.c")],
  {
    name: "hello-static",
  },
);

const page = command(c.tool("cp"), [source("hello-static.1"), out("hello-static.1")], { name: "page" });

export default pipeline({ hello, page });

export const packages = pack({
  name: "hello-static",
  version: "1.0",
  description:
    "Says which system runs it\nA static program: it needs nothing of the distribution but the kernel.",
  licence: "Apache-2.0",
  maintainer: "Pipelite maintainers <maintainers@pipelite.example>",
  date: "2026-11-30",
  programs: { "hello-static": hello.file("bin/hello-static") },
  manPages: { "hello-static.1": page.file("hello-static.1") },
});
