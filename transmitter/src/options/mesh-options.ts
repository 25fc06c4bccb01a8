import {
  countRow,
  durationRow,
  gib,
  hour,
  mib,
  minute,
  type OptionRow,
  second,
  sizeRow,
} from "./option-row.js";

/** How a transmitter finds others, and what it takes for their death. */
export const meshRows: readonly OptionRow[] = [
  {
    name: "links",
    flag: "link",
    kind: "places",
    defaultText: "none; others may link to this one",
    doc: "HOST:PORT of another transmitter of the mesh, either port of it; may be given repeatedly",
  },
  {
    name: "discover",
    flag: "discover",
    kind: "toggle",
    fallback: false,
    doc:
      "Finds transmitters of the mesh in the same network, by UDP multicast to 239.255.54.54, " +
      "port 5454. A start does not wait for them",
  },
  {
    name: "meshSecret",
    flag: "mesh-secret",
    kind: "secret",
    defaultText: "none: whoever reaches the event port may link",
    doc: "What all transmitters of the mesh know, and nobody else: a text, or @FILE that holds it",
  },
  durationRow(
    ["joinTimeoutMs", "join-timeout"],
    [0, hour, 5 * second],
    "How long a start waits until it is linked with the mesh of its seeds. Then it takes cells " +
      "all the same, and is degraded: what it is sent may miss cells elsewhere",
  ),
  durationRow(
    ["linkPauseMs", "link-pause"],
    [100, minute, second],
    "Silence of another transmitter that is nothing to wonder at, beyond its usual rhythm. " +
      "Lower finds the dead sooner, and takes the slow for dead",
  ),
  durationRow(
    ["linkCutMs", "link-cut"],
    [50, minute, 300],
    "How long a transmitter whose connection was lost has to connect again, if nobody hears it",
  ),
  durationRow(
    ["linkForgetMs", "link-forget"],
    [second, 24 * hour, 10 * minute],
    "How long a dead transmitter is remembered; about as many bytes as it had told",
  ),
  countRow(
    ["linkWindow", "link-window"],
    [1, 65_536, 256],
    "Messages to one transmitter that may be on their way, at most half of the high-water mark. " +
      "Fewer slow down a link with a long way",
  ),
  sizeRow(
    ["linkBytesMax", "link-ring"],
    [mib, 16 * gib, 16 * mib],
    "Bytes that may wait for one transmitter that does not answer; beyond it they are given up",
  ),
];
