# One derivation for each thing a .drv file can say; regenerate.ts instantiates them with real Nix.
# /bin/sh stands for any builder: only the chain at the end is ever built, without a sandbox.
let
  make = name: more: derivation ({ inherit name; system = "x86_64-linux"; builder = "/bin/sh"; } // more);
  note = builtins.toFile "note.txt" "a note\n";
  linked = builtins.toFile "linked.txt" "see ${note}\n";
  fixed = name: algo: mode: hash: make name { outputHashAlgo = algo; outputHashMode = mode; outputHash = hash; };
  floating = name: more: make name ({ __contentAddressed = true; outputHashAlgo = "sha256"; outputHashMode = "recursive"; } // more);
  plainText = builtins.unsafeDiscardStringContext;
  cases = rec {
    plain = make "plain" { args = [ "-c" "echo hi > $out" ]; };
    outputs = make "outputs" { outputs = [ "out" "dev" "a.b-c" ]; };
    noOut = make "no-out" { outputs = [ "lib" "bin" ]; };
    bytes = make "bytes" { text = "q\" b\\ n\n r\r t\t d$out uä {}"; "key with \"quote\"" = "v"; args = [ "" "two words" "tab\there" ]; };
    latin1 = make "latin1" { text = builtins.readFile ./latin1.txt; };
    sources = make "sources" { inherit note linked; };
    inputs = make "inputs" { a = plain; b = outputs.dev; c = outputs."a.b-c"; d = noOut.lib; };
    fixedFlat = fixed "fixed-flat" "sha256" "flat" "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    fixedFlatCopy = make "fixed-flat" {
      outputHashAlgo = "sha256"; outputHashMode = "flat"; mirror = "other";
      outputHash = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    };
    fixedRecursive = fixed "fixed-recursive" "sha256" "recursive" "0a430879c266f8b57f4092a0f935cf3facd48bbccde5760d4748ca405171e969";
    fixedSha1 = fixed "fixed-sha1" "sha1" "flat" "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d";
    fixedMd5 = fixed "fixed-md5" "md5" "recursive" "5d41402abc4b2a76b9719d911017c592";
    fixedSha512 = fixed "fixed-sha512" "sha512" "recursive" "9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff72519673ca72323c3d99ba5c11d7c7acc6e14b8c5da0c4663475c2e5c3adef46f73bcdec043";
    overFixed = make "over-fixed" { src = fixedFlat; };
    overFixedCopy = make "over-fixed" { src = fixedFlatCopy; };
    bothFixed = make "both-fixed" { a = fixedFlat; b = fixedFlatCopy; };
    twinOne = make "twin" { outputs = [ "out" "dev" ]; src = fixedFlat; };
    twinTwo = make "twin" { outputs = [ "out" "dev" ]; src = fixedFlatCopy; };
    overTwins = make "over-twins" { a = twinOne.out; b = twinTwo.dev; };
    structured = make "structured" { __structuredAttrs = true; list = [ 1 2.5 true null "x" ]; nested = { b = "2"; a = { c = note; }; }; };
    floatingOne = floating "floating-one" { args = [ "-c" "echo one > $out" ]; };
    floatingFlat = floating "floating-flat" { outputHashMode = "flat"; outputHashAlgo = "sha1"; };
    floatingTwo = floating "floating-two" { outputs = [ "out" "doc" ]; one = floatingOne; args = [ "-c" "read x < $one; echo $x two > $out; echo ${placeholder "doc"} > $doc" ]; };
    floatingThree = floating "floating-three" { two = floatingTwo; doc = floatingTwo.doc; inherit plain note; args = [ "-c" "echo $two > $out" ]; };
    deferred = make "deferred" { outputs = [ "out" "dev" ]; one = floatingOne; args = [ "-c" "read x < $one; echo $x > $out; echo $out > $dev" ]; };
    overDeferred = make "over-deferred" { inherit deferred; };
    fixedOverFloating = make "fixed-over-floating" { one = floatingOne; outputHashAlgo = "sha256"; outputHashMode = "flat"; outputHash = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"; };
    impure = make "impure" { __impure = true; };
    # The chain that is built: floating on floating, and input-addressed on both.
    chainFirst = floating "chain-first" { args = [ "-c" "echo first > $out" ]; };
    chainSecond = floating "chain-second" { outputs = [ "out" "doc" ]; first = chainFirst; "under ${plainText "${chainFirst}"}" = "key"; args = [ "-c" "echo scratch $out $doc; echo second > $out; echo $first ${chainFirst} > $doc" ]; };
    chainThird = make "chain-third" { outputs = [ "out" "log" ]; first = chainFirst; second = chainSecond.doc; args = [ "-c" "echo $second $out > $out; echo log > $log" ]; };
  };
in {
  inherit cases;
  table = builtins.mapAttrs (_: d: {
    drv = plainText d.drvPath;
    outputs = builtins.listToAttrs (map (o: { name = o; value = plainText d.${o}.outPath; }) d.outputs or [ d.outputName ]);
  }) cases;
  texts = { inherit note linked; };
  placeholders = builtins.listToAttrs (map (o: { name = o; value = placeholder o; }) [ "out" "dev" "a.b-c" ]);
}
