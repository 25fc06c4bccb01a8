import { type MeshError, numberAt, type Thid } from "@thynapse/protocol";
import type { Member } from "../mesh/members.js";
import type { MemberState } from "../mesh/member-state.js";
import type { Mesh } from "../mesh/mesh.js";
import type { Change } from "../mesh/mesh-record.js";
import type { MeshListener } from "../mesh/mesh-listener.js";
import { cellKey } from "./announcing.js";
import { type Links, noLinks } from "./links.js";
import { refusalOf } from "./site-records.js";
import type { Sites } from "./sites.js";

/**
 * Between the mesh and the routing: who lives is a site, what it has set is its interest, and what
 * it says is taken.
 */
export class MeshEar implements MeshListener {
  private readonly mesh: () => Mesh | undefined;
  private readonly sites: Sites;
  /** Those whose links have begun anew, while what that asks for is done. */
  private readonly anew: Thid[] = [];

  constructor(mesh: () => Mesh | undefined, sites: Sites) {
    this.mesh = mesh;
    this.sites = sites;
  }

  /** The links of the mesh, as the routing uses them. */
  get links(): Links {
    const mesh = this.mesh();
    if (mesh === undefined) return noLinks;
    return {
      send: (id, part, nowMs, done) => {
        // Whoever has just been lost is found so in a moment.
        if (mesh.isLinked(id)) mesh.send(id, part, nowMs, done);
        else done?.(false);
      },
      isLinked: (id) => mesh.isLinked(id),
      unackedBytes: (id) => mesh.unackedBytes(id),
      commandOf: (id) => textOf(mesh.directory.get(id, "command")),
      joinedMs: () => mesh.joinedMs,
      linkedPeers: () => mesh.members.all.map(({ id }) => id).filter((id) => mesh.isLinked(id)),
      attachedSession: (cell) => this.attachedSession(mesh, cell),
      wasAway: (nowMs) => mesh.wasAway(nowMs),
      hasRoom: (room, part) => mesh.directory.hasRoom(room, part),
      set: (key, value) => mesh.set(key, value),
      whenKnown: (then, nowMs) => mesh.whenKnown(then, nowMs),
    };
  }

  member(member: Member, _before: MemberState | undefined, nowMs: number): void {
    const { id, state } = member;
    if (state === "dead" || state === "left") this.sites.lost(id, nowMs, state === "left");
    else this.find(member);
  }

  linked(id: Thid): void {
    const member = this.mesh()?.members.get(id);
    if (member !== undefined) this.find(member);
  }

  changed(id: Thid, { key, value }: Change, nowMs: number): void {
    const member = this.mesh()?.members.get(id);
    if (member === undefined) return;
    // A word may have brought it back before it counts as alive again.
    if (this.sites.find(id)?.incarnation === member.incarnation) {
      this.refuse(refusalOf(() => this.sites.changed(id, key, value, nowMs)));
    } else this.find(member);
  }

  renewed(id: Thid, incarnation: number, nowMs: number): void {
    if (this.sites.find(id)?.incarnation !== incarnation) this.sites.lost(id, nowMs, true);
  }

  word(from: Thid, part: Buffer, nowMs: number): void {
    const member = this.mesh()?.members.get(from);
    if (member !== undefined && this.sites.find(from) === undefined) this.find(member);
    this.sites.word(from, part, nowMs);
  }

  forgotten(id: Thid): void {
    this.sites.forgotten(id);
  }

  livedOn(): void {
    this.sites.livedOn();
  }

  begunAnew(id: Thid, nowMs: number): void {
    this.anew.push(id);
    // What is sent for one may make the link to another one begin anew: each has its turn.
    if (this.anew.length > 1) return;
    try {
      for (const each of this.anew) this.sites.begunAnew(each, nowMs);
    } finally {
      this.anew.length = 0;
    }
  }

  /**
   * Takes in a transmitter, with all that is known to be caught there; not before there is a link:
   * on one to an earlier start of it, whatever is said is lost.
   */
  private find({ id, incarnation }: Member): void {
    if (this.mesh()?.isLinked(id) !== true) return;
    if (this.sites.find(id)?.incarnation === incarnation) return;
    const directory = this.mesh()?.directory;
    // What an earlier start had set is nothing to this one.
    const isItsOwn = directory?.known(id)?.incarnation === incarnation;
    this.refuse(this.sites.found(id, incarnation, (isItsOwn && directory?.entriesOf(id)) || []));
  }

  /** What is wrong in a record is left out, and does no harm to the rest. */
  private refuse(errors: readonly MeshError[]): void {
    for (const error of errors) this.mesh()?.peering.refuse(error);
  }

  /** One that is suspect may be gone, and its cells with it: they need not wait for its end. */
  private attachedSession({ members, directory }: Mesh, cell: Thid): number {
    let highest = 0;
    for (const { id, incarnation, state } of members.all) {
      if (state !== "alive" || directory.known(id)?.incarnation !== incarnation) continue;
      const value = directory.get(id, `${cellKey}${cell}`);
      if (Array.isArray(value)) highest = Math.max(highest, numberAt(value, 1, 0));
    }
    return highest;
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
