import { MeshError } from "@thynapse/protocol";
import type { CellCore } from "./cell-core.js";
import type { CellHome } from "./home.js";
import { type ConfirmSink, Inbox } from "./inbox.js";

const nobody: ConfirmSink = {
  heard: () => {},
  accepted: () => {},
  handled: () => {},
  refused: () => {},
  responded: () => {},
  refusedOldest: () => {},
  confirmed: () => {},
};

/**
 * Makes the inbox of one home. What a home says that the cell is leaving counts for what it has of
 * that one; of events only as long as no other home has been told of them.
 */
export function inboxOf(home: CellHome, core: CellCore): Inbox {
  const isPresent = (): boolean => core.home === home;
  return new Inbox({
    session: home.session,
    settlements: home.settlements,
    asks: core.asks,
    get outbox() {
      return isPresent() || !core.session.isWelcome ? core.outbox : nobody;
    },
    get catches() {
      const former = isPresent() ? undefined : core.moving.former;
      return former?.catches.table ?? core.catches.atHome;
    },
    fenced: () => {
      if (isPresent()) core.failed(fencedError());
      else home.session.close();
    },
    draining: (nowMs) => {
      if (isPresent()) core.moving.begin(nowMs);
    },
    stray: ({ code, message }) =>
      core.emit({ kind: "status", status: { kind: "warning", code, message } }),
  });
}

function fencedError(): MeshError {
  return new MeshError("ID_TAKEN", "another process took over this cell by its secret");
}
