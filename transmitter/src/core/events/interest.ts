import type { Pattern } from "@thynapse/protocol";

/**
 * Patterns and what stands behind each: a trie over segments.
 *
 * Keys are kept in maps, never in objects: `__proto__` is an ordinary segment. Looking up costs at
 * most one visit of each node that the channel can reach; a pattern has at most one `**`, so a
 * channel of n segments tries at most n lengths for it.
 */
export class InterestTrie<Target> {
  private readonly root: TrieNode<Target> = newNode();

  add(pattern: Pattern, target: Target): void {
    let node = this.root;
    for (const segment of pattern.segments) {
      let child = node.children.get(segment);
      if (child === undefined) {
        child = newNode();
        node.children.set(segment, child);
      }
      node = child;
    }
    node.targets.add(target);
  }

  remove(pattern: Pattern, target: Target): void {
    prune(this.root, pattern.segments, 0, target);
  }

  /** Every target whose pattern matches, each once, in no particular order. */
  match(channel: string): Target[] {
    const found: Target[] = [];
    collect(this.root, channel.split("."), 0, found);
    return found;
  }
}

interface TrieNode<Target> {
  readonly children: Map<string, TrieNode<Target>>;
  readonly targets: Set<Target>;
}

function newNode<Target>(): TrieNode<Target> {
  return { children: new Map(), targets: new Set() };
}

function collect<Target>(
  node: TrieNode<Target>,
  segments: readonly string[],
  at: number,
  found: Target[],
): void {
  if (at === segments.length) {
    for (const target of node.targets) found.push(target);
    return;
  }
  const segment = segments[at] as string;
  const literal = node.children.get(segment);
  if (literal !== undefined) collect(literal, segments, at + 1, found);
  // Wildcards never match a segment of the mesh's own.
  if (segment.startsWith("$")) return;
  const one = node.children.get("*");
  if (one !== undefined) collect(one, segments, at + 1, found);
  const many = node.children.get("**");
  if (many === undefined) return;
  for (let end = at + 1; end <= segments.length; end++) collect(many, segments, end, found);
}

/** Removes the target and the nodes that it alone kept; tells whether the node is empty now. */
function prune<Target>(
  node: TrieNode<Target>,
  segments: readonly string[],
  at: number,
  target: Target,
): boolean {
  if (at === segments.length) {
    node.targets.delete(target);
  } else {
    const segment = segments[at] as string;
    const child = node.children.get(segment);
    if (child !== undefined && prune(child, segments, at + 1, target)) {
      node.children.delete(segment);
    }
  }
  return node.targets.size === 0 && node.children.size === 0;
}
