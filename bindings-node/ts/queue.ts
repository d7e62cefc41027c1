/** A queue whose items cost the same to take, however many wait: `Array.shift()` moves all that are left. */

interface Link<Item> {
  item?: Item;
  next?: Link<Item>;
}

export class Queue<Item extends object> {
  #first: Link<Item> = {};
  #last = this.#first;

  get isEmpty(): boolean {
    return this.#first === this.#last;
  }

  push(item: Item): void {
    this.#last.item = item;
    this.#last = this.#last.next = {};
  }

  /** The next item; `undefined` when there is none. */
  shift(): Item | undefined {
    const { item, next } = this.#first;
    if (next) this.#first = next;
    return item;
  }

  clear(): void {
    this.#first = this.#last;
  }
}
