import type { LogRecord } from "../../simulation/log.js";

/** The log without what handlers did with one event. */
export function losing(records: readonly LogRecord[], number: number): LogRecord[] {
  const { id } = nth(records, "acked", number);
  return records.filter(
    (record) => record.id !== id || !["begun", "acked"].includes(record.action),
  );
}

/** The log in which a handler begins once more with one event. */
export function comingTwice(records: readonly LogRecord[], number: number): LogRecord[] {
  const at = records.indexOf(nth(records, "begun", number));
  const again = { ...records[at]!, attempt: 2, repeat: true };
  return records.toSpliced(at + 1, 0, again);
}

/** The log in which two events of a multicatch have changed places. */
export function changedPlaces(records: readonly LogRecord[], number: number): LogRecord[] {
  const [first, second] = [nth(records, "caught", number), nth(records, "caught", number + 1)];
  return records.map((record) => {
    if (record === first) return { ...first, id: second.id };
    return record === second ? { ...second, id: first.id } : record;
  });
}

/** The record of the given number among those of one action. */
export function nth(
  records: readonly LogRecord[],
  action: LogRecord["action"],
  number: number,
): LogRecord {
  return records.filter((record) => record.action === action)[number]!;
}
