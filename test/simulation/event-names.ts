/**
 * The ids that a log gives to events, `<sender>:<number>`, each made once: the same event has the
 * same string in all records, which is quickly compared and found.
 */
export class EventNames {
  private readonly bySender = new Map<string, string[]>();

  of(sender: string, number: number): string {
    let names = this.bySender.get(sender);
    if (names === undefined) {
      names = [];
      this.bySender.set(sender, names);
    }
    return (names[number] ??= `${sender}:${number}`);
  }
}
