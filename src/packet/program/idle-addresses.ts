/** Addresses at which chains have nothing: most packets are for pods, not for Services. A memo of bounded size. */

const SLOTS_MIN = 64;
/** 1 MiB */
const SLOTS_MAX = 1 << 18;
/** no address of a packet on its way: 0.0.0.0, or the first IPv6 address that was filed, is never held */
const EMPTY = 0;

export class IdleAddresses {
  #slots = new Int32Array(SLOTS_MIN);
  #size = 0;
  /** a packet asks for one address several times in a row, once in each chain */
  #asked = EMPTY;
  /** 1: it is held */
  #answer = 0;

  has(address: number): boolean {
    if (address !== this.#asked) {
      this.#asked = address;
      this.#answer = this.#holds(address) ? 1 : 0;
    }
    return this.#answer === 1;
  }

  add(address: number): void {
    if (address === EMPTY) return;
    if (this.#size * 4 >= this.#slots.length) this.#grow();
    this.#put(address);
    this.#size++;
    this.#asked = EMPTY;
    this.#answer = 0;
  }

  #holds(address: number): boolean {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let at = hashOf(address) & mask; slots[at] !== EMPTY; at = (at + 1) & mask)
      if (slots[at] === address) return true;
    return false;
  }

  #put(address: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = hashOf(address) & mask;
    while (slots[at] !== EMPTY) at = (at + 1) & mask;
    slots[at] = address;
  }

  #grow(): void {
    const before = this.#slots;
    if (before.length >= SLOTS_MAX) {
      this.#slots = new Int32Array(SLOTS_MIN);
      this.#size = 0;
      return;
    }
    this.#slots = new Int32Array(before.length * 2);
    for (const address of before) if (address !== EMPTY) this.#put(address);
  }
}

function hashOf(address: number): number {
  const hash = Math.imul(address, 0x9e3779b1);
  return hash ^ (hash >>> 15);
}
