/*
 * Loaded before a transmitter that confirms a catch at once, without waiting until the others know of it. It changes the
 * program of this process only: a proof must notice.
 */
const { href } = new URL(
  "dist/core/mesh/mesh.js",
  import.meta.resolve("@thynapse/transmitter/package.json"),
);
const { Mesh } = (await import(href)) as { readonly Mesh: { readonly prototype: object } };
if (!("whenKnown" in Mesh.prototype)) throw new Error("there is nothing to leave out");
Object.assign(Mesh.prototype, { whenKnown: (then: () => void) => then() });
