// README of an archive: for people, who may have nothing else any more.
import type { Manifest } from "./manifest.ts";

/** Takes `program/` out of the archive where there is no tar: Node has none. */
const UNPACK = `const fs = require("fs"), path = require("path"), file = fs.openSync(process.argv[2]);
const head = Buffer.alloc(512);
for (let at = 0; fs.readSync(file, head, 0, 512, at) === 512 && head[0] !== 0;) {
  const name = head.toString("latin1", 0, 100).replace(/\\0.*/s, "");
  const size = parseInt(head.toString("latin1", 124, 135), 8);
  if (name.startsWith("program/")) {
    const content = Buffer.alloc(size);
    fs.readSync(file, content, 0, size, at + 512);
    fs.mkdirSync(path.dirname(name), { recursive: true });
    fs.writeFileSync(name, content);
  }
  at += 512 + Math.ceil(size / 512) * 512;
}
`;

/** Takes a NAR apart, without Pipelite or Nix. */
const NAR = `import os, struct, sys

def text(f):
    size = struct.unpack("<Q", f.read(8))[0]
    data = f.read(size)
    f.read(-size % 8)
    return data

def node(f, path):
    text(f), text(f)                                # "(" "type"
    kind, word = text(f), text(f)
    if kind == b"symlink":                          # "target" TARGET ")"
        os.symlink(text(f), path), text(f)
    elif kind == b"regular":                        # ["executable" ""] ["contents" BYTES] ")"
        mode, data = 0o444, b""
        while word != b")":
            data = text(f)
            mode = 0o555 if word == b"executable" else mode
            word = text(f)
        with open(path, "wb") as out:
            out.write(data)
        os.chmod(path, mode)
    else:                                           # "directory": ["entry" "(" "name" NAME "node" NODE ")"] ")"
        os.mkdir(path)
        while word == b"entry":
            text(f), text(f)
            name = text(f)
            text(f)
            node(f, os.path.join(path, name))
            text(f), (word := text(f))

with open(sys.argv[1], "rb") as f:
    text(f)                                         # "nix-archive-1"
    node(f, os.fsencode(sys.argv[2]))
`;

export function readmeText({ run, record, pipeline, system, pipelite, node, sources }: Manifest): string {
  return `The archive of a run of the pipeline ${JSON.stringify(pipeline)}

    run      ${run}
    record   ${record}
    system   ${system}

It has what came out, all that it was built from, and the evidence. From it the run can be verified and built again, without
a network, by Pipelite, which is in it, or by Nix. This file is all that one has to know for it.


Is it whole?

    tar -xf ARCHIVE
    sha256sum --check SHA256SUMS

SHA256SUMS names every file but itself and SHA256SUMS.sigstore.json, which is signed over it. An archive with a file more, or in
another order, is none. Whether it is the one that was made, and by whom, only something from outside can tell: a hash of the
archive that was kept, or the keys that somebody trusts, by a trust file (below) or by cosign:

    cosign verify-blob-attestation --bundle SHA256SUMS.sigstore.json --key KEY --insecure-ignore-tlog \\
      --type https://pipelite.dev/archive/v1 SHA256SUMS

Who signed it signed for this file and for the program, too. Where you can, use a Pipelite of your own.


Verify it, and build it again

This needs Linux (${system}) and Node ${node.split(".")[0] ?? ""} or newer, and nothing else.

    tar -xf ARCHIVE program
    node program/dist/cli.cjs verify ARCHIVE
    node program/dist/cli.cjs archive open ARCHIVE --to HOME
    node program/dist/cli.cjs rebuild ${run} --store HOME

The first holds each file to its hash, each path of the store to its NAR, each signature to the key that made it, and each entry
to the log. It believes the keys that are in here: \`--trust FILE\` names those that you believe. Times are those that were
signed; today's date is asked nothing. \`archive open\` makes a home of it, where all commands of Pipelite work, and \`rebuild\`
builds every output again and compares the bytes. (\`node program/dist/cli.cjs help rebuild\`.)

Where there is no tar, this takes the program out (save it as unpack.js, then: node unpack.js ARCHIVE):

${indent(UNPACK)}
With Nix instead, from the unpacked archive:

    export NIX_CONFIG="extra-experimental-features = nix-command ca-derivations"
    paths() { sed -n 's/^StorePath: //p' store/*.narinfo | grep $1 '\\.drv$'; }
    nix copy --no-check-sigs --from file://$PWD/store --to HOME $(paths -v)
    nix copy --no-check-sigs --from file://$PWD/store --to HOME --derivation $(paths)


What is in it

    README         this
    SHA256SUMS     the SHA-256 of every other file, as sha256sum writes it; sorted by the bytes of the names
    SHA256SUMS.sigstore.json   a Sigstore bundle v0.3 over it, and so over all of them
    archive.json   the same facts as above, for programs
    program/       Pipelite ${pipelite}, for Node; program/dist/cli.cjs is the command
    sources/       the source files: ${sources}. What ran is in store/ in any case: each stage bundled into one file
    home/          what the home kept of the run: its record (runs), its events, audits, signatures, attestations,
                   statements about rebuilds, public keys; the journal, whole; the log over it (log), with its key,
                   checkpoints and tiles
    logs/          what each build said, by derivation
    store/         a binary cache of Nix: NAME.narinfo and nar/NAME.nar for each path, and realisations (which derivation
                   gave which output)

Formats, all of them of others:

    the archive    tar, POSIX.1-1988 (ustar), with GNU's entry of type L before names of more than 100 bytes. Plain files
                   only, sorted, mode 0644, time 0, owner 0; nothing is compressed
    narinfo        lines of "Field: value"; NarHash is the SHA-256 of the NAR in base 32, the digits of SHA256SUMS in hex
    NAR            texts, each with its length before it (64 bits, little end first) and zeros behind it up to a multiple
                   of 8; what they say is written out in the program below
    derivations    store/nar/*.drv.nar: ATerm, Derive([outputs],[inputs],[sources],system,builder,[arguments],[environment])
    journal        lines of JSON; each has the SHA-256 of the line before it (previous)
    log            C2SP tlog-tiles and signed notes, Ed25519: https://c2sp.org/tlog-tiles
    attestations   Sigstore bundles v0.3 with in-toto statements, ECDSA P-256; the proof that the log has them is in each

Where there is neither Pipelite nor Nix, this takes a NAR apart (Python 3; nar.py FILE.nar TARGET):

${indent(NAR)}`;
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, "    ");
}
