import { expect } from "chai";

import { Counters } from "../../../transmitter/src/core/counters.js";
import { RouteTable } from "../../../transmitter/src/core/events/route.js";
import { membersMax } from "../../../transmitter/src/core/mesh/mesh-parts.js";
import { SiteBook } from "../../../transmitter/src/core/sites/site-book.js";

const idOf = (n: number): string => n.toString(16).padStart(40, "0");

describe("transmitter core: the book of sites", () => {
  it("knows the last starts that were dead for long, and no more than the mesh knew members", () => {
    const routes = new RouteTable(16);
    const book = new SiteBook({ routes, counters: new Counters(), unackedBytes: () => 0 });
    for (let n = 0; n <= membersMax; n++) {
      const site = book.found(idOf(n), 7);
      book.setPattern(site, "a.*", 1);
      book.bury(idOf(n), 0);
      book.fade(idOf(n));
    }

    expect(book.wasBuried(idOf(0), 7)).to.equal(false);
    expect(book.wasBuried(idOf(1), 7)).to.equal(true);
    expect(routes.resolve("a.b").sites).to.deep.equal([]);
  });
});
