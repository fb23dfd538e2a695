// `pipelite push`: images of layouts into a registry.
import { formatCount } from "#base/numbers.ts";
import { formatSize } from "#base/quantities.ts";
import { argument, openCommand, values } from "#cli/command.ts";
import { pathOf, print, printJson, say } from "#cli/context.ts";
import { pipeliteError } from "#cli/errors.ts";

export const push = openCommand({
  brief: "Put an image into a registry, with what lies beside it",
  about: [
    "What is pushed is an OCI image layout, as `pipelite pack --format oci` and other tools make it; several, each for another " +
      "platform, become one name. Its SBOM, provenance and signatures go along as referrers.",
    "What the registry has is not sent again, what breaks off goes on where it was, and the name is written last: nobody sees half an " +
      "image. Who writes there is known from `podman login` or `docker login`.",
  ],
  examples: [
    ["pipelite push out/demo.oci oci://registry.example.org/team/demo:1.0", "an image, under a name"],
    ["pipelite push amd64.oci arm64.oci oci://registry.example.org/team/demo", "of two platforms, under one"],
    ["pipelite push amd64.oci arm64.oci oci:both.oci", "the same in a folder, without a registry"],
  ],
  flags: {
    mount: values("NAME", "Repository of the same registry that may have some of it already"),
  },
  arg: argument("LAYOUT|oci://HOST/NAME[:TAG]|oci:FOLDER", "Folders with image layouts, and where they go"),
  async run(context, flags, ...words) {
    const { LAYOUT_SCHEME, OCI_SCHEME, pushToFolder, pushToRegistry } = await import("#app/push.ts");
    const layouts = words.filter((word) => !word.startsWith(LAYOUT_SCHEME));
    const [to, other] = words.filter((word) => word.startsWith(LAYOUT_SCHEME));
    if (to === undefined || layouts.length === 0)
      throw pipeliteError("ARGUMENT_MISSING", {
        name: to === undefined ? "oci://HOST/NAME" : "LAYOUT",
        suggestion: "pipelite push LAYOUT oci://HOST/NAME:TAG",
      });
    if (other !== undefined)
      throw pipeliteError("ARGUMENT_UNEXPECTED", { value: other, suggestion: "One name at a time" });
    const from = layouts.map((word) => pathOf(context, word));
    if (!to.startsWith(OCI_SCHEME)) {
      const folder = pathOf(context, to.slice(LAYOUT_SCHEME.length));
      const joined = await pushToFolder({ to: folder, layouts: from, signal: context.interruption() });
      if (flags.json) return printJson(context, joined);
      print(context, `${joined.name}@${joined.digest}`);
      const written = `${formatCount(joined.blobs, "blob")} (${formatSize(joined.bytes)})`;
      return say(context, flags, `${joined.platforms.join(", ")}: ${written}`);
    }
    const pushed = await pushToRegistry({
      to,
      layouts: from,
      mounts: flags.mount,
      env: context.env,
      signal: context.interruption(),
    });
    if (flags.json) return printJson(context, pushed);
    print(context, `${pushed.name}@${pushed.digest}`);
    const { there, mounted, sent } = pushed.blobs;
    const parts = [
      `${formatCount(sent, "blob")} sent (${formatSize(pushed.sentBytes)})`,
      ...(there > 0 ? [`${there} there already`] : []),
      ...(mounted > 0 ? [`${mounted} taken over`] : []),
      ...(pushed.referrers === undefined
        ? []
        : [`what lies beside it by ${pushed.referrers === "api" ? "the registry's list" : "a tag"}`]),
    ];
    say(context, flags, `${pushed.platforms.join(", ")}: ${parts.join(", ")}`);
  },
});
