/*
 * A process that stands before an event socket. It is told what mischief to do, and answers with how often it did some.
 */
import { LinkProxy, type Mischief, type ProxyAddresses } from "../link-proxy.js";

interface Given {
  readonly addresses: ProxyAddresses;
  readonly seed: number;
}

const { addresses, seed } = JSON.parse(process.argv[2] ?? "{}") as Given;
const proxy = await LinkProxy.listen(addresses, seed);

// The harness is gone: nobody is left to end this process.
process.on("disconnect", () => process.exit());
process.on("message", (mischief: Mischief) => {
  proxy.mischief = mischief;
  process.send?.(proxy.counts);
});
process.send?.("listening");
