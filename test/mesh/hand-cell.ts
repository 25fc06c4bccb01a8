import { Dealer, Subscriber } from "zeromq";

/** A first command. */
export const helo = `J HELO {"id":"${"1".repeat(40)}","service":"greeter"}`;

const open: { close(): unknown }[] = [];

/** Has something closed by `closeAll`. */
export function closeLater<T extends { close(): unknown }>(one: T): T {
  open.push(one);
  return one;
}

/** Closes what was opened, the newest first. */
export async function closeAll(): Promise<void> {
  for (const one of open.splice(0).reverse()) await one.close();
}

/** Connects a cell written by hand. */
export function dealerTo(address: string): Dealer {
  const dealer = new Dealer({ linger: 0, receiveTimeout: 5000, ipv6: address.includes("[") });
  dealer.connect(address);
  return closeLater(dealer);
}

/** Says hello and returns the answer. */
export async function hello(dealer: Dealer): Promise<string> {
  const id = Math.floor(Math.random() * 2 ** 48).toString(16);
  await dealer.send(`J HELO {"id":"${id.padStart(40, "0")}","service":"greeter"}`);
  return heard(dealer, /^J (?:WLCM|ERRO) /);
}

/** Reads commands until one fits. */
export async function heard(dealer: Dealer, pattern: RegExp): Promise<string> {
  for (;;) {
    const text = String((await dealer.receive())[0]);
    if (pattern.test(text)) return text;
  }
}

/** Catches a pattern in mode multi, up to the mark that arms it. */
export async function armedOn(dealer: Dealer, pattern: string): Promise<Subscriber> {
  const { pub = "" } = payload(await hello(dealer));
  await dealer.send(`J CTCH {"ref":1,"pattern":"${pattern}","mode":"multi"}`);
  const { topic = "" } = payload(await heard(dealer, /^J CGHT /));
  const ipv6 = pub.includes("[");
  const subscriber = closeLater(new Subscriber({ linger: 0, receiveTimeout: 5000, ipv6 }));
  subscriber.subscribe(`${topic} `);
  subscriber.connect(pub);
  await subscriber.receive();
  return subscriber;
}

/** Reads the payload of a command. */
export function payload(command: string): { readonly pub?: string; readonly topic?: string } {
  return JSON.parse(command.slice(7)) as { readonly pub?: string; readonly topic?: string };
}
