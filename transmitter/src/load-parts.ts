/**
 * Loads what a transmitter is made of, part by part: Node opens all files of an import at once, and
 * a transmitter must start where 64 descriptors are all that it may have.
 */
export async function loadParts(): Promise<void> {
  await import("./core/mesh/mesh-seat.js");
  await import("./core/sites/sites.js");
  await import("./core/groups/groups.js");
  await import("./core/transmitter-core.js");
  await import("./sockets/listener.js");
  await import("./running.js");
}
