/** Values by two names: quicker than by one that is put together of both for each look. */
export class Nested<Value> {
  private readonly byFirst = new Map<string, Map<string, Value>>();

  get(first: string, second: string): Value | undefined {
    return this.byFirst.get(first)?.get(second);
  }

  set(first: string, second: string, value: Value): void {
    let bySecond = this.byFirst.get(first);
    if (bySecond === undefined) {
      bySecond = new Map();
      this.byFirst.set(first, bySecond);
    }
    bySecond.set(second, value);
  }

  delete(first: string, second: string): void {
    this.byFirst.get(first)?.delete(second);
  }
}
