/** The hotline's keys, by their place on the keyboard: the same under a Persian and a Latin layout. */

export interface Fields {
  said: HTMLElement;
  number: HTMLElement;
  place: HTMLElement;
  people: HTMLElement;
}
export interface Deeds {
  keep(): void;
  life(): void;
  again(): void;
  /** Take the candidate at this place of the list, 0 to 4. */
  choose(at: number): void;
}

export function listenKeys(fields: Fields, deeds: Deeds): void {
  const acts: Readonly<Record<string, () => void>> = {
    F2: () => fields.number.focus(),
    F3: () => fields.place.focus(),
    F4: () => fields.people.focus(),
    F8: deeds.life,
    'Alt+KeyN': () => fields.number.focus(),
    'Alt+KeyP': () => fields.place.focus(),
    'Alt+KeyM': () => fields.people.focus(),
    'Alt+KeyL': deeds.life,
    'Alt+KeyR': deeds.again,
    Escape: () => fields.said.focus(),
  };
  const written = Object.values(fields);
  document.addEventListener('keydown', (event) => {
    if (event.isComposing || event.metaKey || event.getModifierState('AltGraph')) return;
    if (event.key === 'Enter' && !event.shiftKey && !event.altKey && written.includes(event.target as HTMLElement)) {
      event.preventDefault();
      // A key held down keeps one call, not an empty one after it.
      if (!event.repeat) deeds.keep();
      return;
    }
    if (event.ctrlKey || event.shiftKey) return;
    const digit = event.altKey ? /^(?:Digit|Numpad)([1-5])$/.exec(event.code) : null;
    const act = digit ? () => deeds.choose(Number(digit[1]) - 1) : acts[event.altKey ? `Alt+${event.code}` : event.code];
    if (!act) return;
    event.preventDefault();
    act();
  });
}
