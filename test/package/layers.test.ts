// Layers of images on top of each other: what a whiteout takes away, what a link means, and what no layer may have.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkLinks, LayerTree, walkTree } from "#package/layer-tree.ts";
import { readTar } from "#package/tar-reader.ts";
import { writeTar, type TarMember } from "../rig/tar.ts";

function merge(...layers: (readonly (TarMember | string)[])[]): LayerTree {
  const tree = new LayerTree();
  for (const [index, layer] of layers.entries()) {
    const members = layer.map((each) => (typeof each === "string" ? { name: each } : each));
    tree.apply(index, readTar(writeTar(members)));
  }
  checkLinks(tree.root);
  return tree;
}

/** `folder/`, `file`, `link -> target`, `file @layer` where it is not of the first. */
function shown(tree: LayerTree): string[] {
  return [...walkTree(tree.root)].map(([path, node]) => {
    if (node.kind === "folder") return `${path}/`;
    if (node.kind === "link") return `${path} -> ${node.target}`;
    if (node.kind === "device") return `${path} (device)`;
    return node.from === 0 ? path : `${path} @${node.from}`;
  });
}

const link = (name: string, target: string): TarMember => ({ name, target, type: "2" });
const hard = (name: string, target: string): TarMember => ({ name, target, type: "1" });

describe("layers", () => {
  const is = (name: string, layers: Parameters<typeof merge>, wanted: readonly string[]): void =>
    void test(name, () => assert.deepEqual(shown(merge(...layers)), wanted));

  is("a file is replaced by the layer above", [["a"], ["a"]], ["a @1"]);
  is(
    "folders of all layers are one",
    [
      ["d/", "d/a"],
      ["d/", "d/b"],
    ],
    ["d/", "d/a", "d/b @1"],
  );
  is("folders that are not listed are made", [["x/y/z"]], ["x/", "x/y/", "x/y/z"]);
  is("a whiteout takes away a file", [["d/", "d/a", "d/b"], ["d/.wh.a"]], ["d/", "d/b"]);
  is("a whiteout takes away a folder", [["d/", "d/a", "b"], [".wh.d"]], ["b"]);
  is("a whiteout of what is not there is nothing", [["a"], [".wh.b", "c/.wh.d"]], ["a"]);
  is("a whiteout takes nothing of its own layer, before it", [["a"], ["a", ".wh.a"]], ["a @1"]);
  is("or behind it", [["a"], [".wh.a", "a"]], ["a @1"]);
  is(
    "a whiteout of a folder leaves what its own layer has in there, before it",
    [
      ["d/", "d/a"],
      ["d/b", ".wh.d"],
    ],
    ["d/", "d/b @1"],
  );
  is(
    "or behind it",
    [
      ["d/", "d/a"],
      [".wh.d", "d/b"],
    ],
    ["d/", "d/b @1"],
  );
  is(
    "an opaque folder has nothing of below",
    [
      ["d/", "d/a"],
      ["d/", "d/.wh..wh..opq", "d/b"],
    ],
    ["d/", "d/b @1"],
  );
  is(
    "wherever the mark stands, and twice",
    [
      ["d/", "d/a", "d/e/", "d/e/f"],
      ["d/b", "d/.wh..wh..opq", "d/.wh..wh..opq"],
    ],
    ["d/", "d/b @1"],
  );
  is("what AUFS leaves for itself is left out", [["a", ".wh..wh.plnk/"]], ["a"]);
  is(
    "a whiteout through a link is one of where it leads to",
    [["d/", "d/a", link("l", "d")], ["l/.wh.a"]],
    ["d/", "l -> d"],
  );
  is("a device of the numbers 0:0 is a whiteout", [["a"], [{ name: "a", type: "3" }]], []);
  is(
    "other devices are noted",
    [
      [
        { name: "n", type: "3", device: [1, 3] },
        { name: "f", type: "6" },
      ],
    ],
    ["f (device)", "n (device)"],
  );
  is(
    "a file through a link is where that leads to",
    [["usr/lib/", link("lib", "usr/lib")], ["lib/x"]],
    ["lib -> usr/lib", "usr/", "usr/lib/", "usr/lib/x @1"],
  );
  is(
    "an absolute link leads to the root of the image",
    [["etc/", link("l", "/etc")], ["l/passwd"]],
    ["etc/", "etc/passwd @1", "l -> /etc"],
  );
  is(
    "a folder takes the place of a link",
    [
      ["a/", "a/x", link("l", "a")],
      ["l/", "l/y"],
    ],
    ["a/", "a/x", "l/", "l/y @1"],
  );
  is("a folder takes the place of a file that is above it in a path", [["a"], ["a/b"]], ["a/", "a/b @1"]);
  is("a file takes the place of a folder", [["a/", "a/b"], ["a"]], ["a @1"]);
  is("a hard link is the file again", [["a", hard("b", "a")]], ["a", "b"]);
  is("of a lower layer too, whatever becomes of that", [["a"], [hard("b", "a"), ".wh.a"]], ["b"]);
  is(
    "a hard link to a link is that link",
    [[link("a", "nowhere"), hard("b", "a")]],
    ["a -> nowhere", "b -> nowhere"],
  );
  is("folders may stand twice", [["./", "d/", "d/", "d/a"]], ["d/", "d/a"]);
  is("`/` is the root", [["/", "a"]], ["a"]);
  is("names differ by case", [["README", "readme", "a/", "A/"]], ["A/", "README", "a/", "readme"]);
  is(
    "long names come in a pax header",
    [[{ name: "short", pax: { path: `d/${"n".repeat(200)}` } }]],
    ["d/", `d/${"n".repeat(200)}`],
  );

  test("what is lost is noted for each entry", () => {
    const tree = merge([
      { name: "su", mode: 0o4755, uid: 0 },
      { name: "mail", mode: 0o2755, gid: 8 },
      { name: "ping", mode: 0o755, pax: { "SCHILY.xattr.security.capability": "x" } },
      { name: "big", pax: { uid: "4294967294" } },
    ]);
    const lost = [...walkTree(tree.root)].map(([path, { owner, setId, attributes }]) => [
      path,
      owner,
      setId,
      attributes,
    ]);
    assert.deepEqual(lost, [
      ["big", true, false, false],
      ["mail", true, true, false],
      ["ping", false, false, true],
      ["su", false, true, false],
    ]);
  });
});

describe("a layer is refused", () => {
  const refuse = (name: string, layers: Parameters<typeof merge>, words: RegExp): void =>
    void test(name, () => assert.throws(() => merge(...layers), { message: words }));

  refuse("with a way up", [["a/../../x"]], /leads out of it/);
  refuse("with an absolute name", [["/etc/passwd"]], /leads out of it/);
  refuse("with a way up through a link", [[link("l", ".."), "l/x"]], /'l\/x' leads out of it by a link/);
  refuse("with a link that climbs out", [["d/", link("d/l", "../../etc/passwd")]], /'d\/l' leads out of it/);
  refuse("with links in a circle", [[link("a", "b"), link("b", "a"), "a/x"]], /lead in a circle/);
  refuse("with a hard link that leads out", [[hard("a", "../../etc/passwd")]], /leads out of it/);
  refuse("with a hard link through a link", [[link("l", ".."), hard("a", "l/etc/passwd")]], /by a link/);
  refuse("with a hard link to what is not there yet", [[hard("b", "a"), "a"]], /no file of it/);
  refuse("with a hard link to a folder", [["a/", hard("b", "a")]], /no file of it/);
  refuse("with a file twice", [["a", "a"]], /'a' is in it twice/);
  refuse("with a file and a folder of one name", [["a/", "a/b", "a"]], /'a' is in it twice/);
  refuse("with a link and then a folder of its name", [[link("a", "b"), "a/"]], /'a' is in it twice/);
  refuse("with a file below a file", [["a", "a/b"]], /below what is not a folder/);
  refuse("with a whiteout of nothing", [[".wh."]], /nothing that can be gone/);
  refuse("with a whiteout of what is above", [["d/.wh..."]], /nothing that can be gone/);
  refuse("with a whiteout as a folder", [[".wh.a/b"]], /below what stands for something that is gone/);
  refuse("with a root that is a link", [[{ name: "./", type: "2", target: "/etc" }]], /root is not a folder/);
  refuse(
    "with a link beside a folder of its name in capitals",
    [["Etc/", link("etc", "/tmp")]],
    /differ by case/,
  );
  refuse(
    "with a link beside a folder of its name, composed otherwise",
    [[link("\u00e9", "x"), { name: "e\u0301/" }].map((each) => ({ ...each, name: latin(each.name) }))],
    /differ by case/,
  );
  refuse("with a name of 256 bytes", [[{ name: "x", pax: { path: "n".repeat(256) } }]], /too long/);
  const deep = "ab/".repeat(1000);
  refuse(
    "with a path that is short, and by a link as long",
    [
      [
        { name: "x", pax: { path: deep } },
        { name: "l", type: "2", pax: { linkpath: deep } },
        { name: "x", pax: { path: `l/${deep}` } },
      ],
    ],
    /by its links, the name 'l\/ab.*too long/,
  );
  refuse("with a path of 4000 bytes", [[{ name: "x", pax: { path: "ab/".repeat(1400) } }]], /too long/);
  refuse("with a NUL in a name", [[{ name: "x", pax: { path: "a\0b" } }]], /malformed/);
  refuse("with a file that has holes", [[{ name: "x", pax: { "GNU.sparse.major": "1" } }]], /has holes/);
  refuse("with an entry of no known kind", [[{ name: "x", type: "S" }]], /are not known/);
  refuse("with an entry that is longer than it", [[{ name: "x", size: 4096 }]], /cut off/);
  refuse("with a size that is none", [[{ name: "x", pax: { size: "-1" } }]], /cut off/);
  refuse(
    "with a header without end",
    [[{ name: "x", type: "x", size: 2 ** 21, content: "" }]],
    /cut off|has 2097152/,
  );
});

function latin(text: string): string {
  return Buffer.from(text).toString("latin1");
}
