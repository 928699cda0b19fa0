/** The sound of an alarm, made by the browser itself. It may sound only after a person has touched the page. */

const AGAIN_MS = 20_000;
const RANG = 'hamyar.rang';
/** Three rising pairs, in hertz: unlike a telephone, and heard by ears that lack the high tones. */
const TONES = [660, 880, 660, 880, 660, 880];

export class Bell {
  private context: AudioContext | null = null;
  private timer: ReturnType<typeof setInterval> | undefined;
  private readonly changed: () => void;

  /** `changed` is told when the bell may sound, or may no longer. */
  constructor(changed: () => void) {
    this.changed = changed;
    // Asked for before a gesture, the browser refuses and complains; after one on this site it consents at once.
    if (navigator.userActivation?.hasBeenActive) this.unlock();
    for (const kind of ['pointerdown', 'pointerup', 'click', 'keydown', 'keyup'] as const) addEventListener(kind, () => this.unlock(), { capture: true });
  }

  get awake(): boolean {
    return this.context?.state === 'running';
  }

  private unlock(): void {
    if (this.awake || typeof AudioContext === 'undefined') return;
    // A shift key or Escape is no gesture that lets a page sound.
    if (!this.context && navigator.userActivation && !navigator.userActivation.hasBeenActive) return;
    if (!this.context) {
      this.context = new AudioContext();
      this.context.addEventListener('statechange', this.changed);
    }
    void this.context.resume().then(this.changed, () => undefined);
  }

  /** Ring now and every twenty seconds, or be silent. */
  ring(on: boolean): void {
    if (!on) {
      clearInterval(this.timer);
      this.timer = undefined;
    } else if (this.timer === undefined) {
      this.once();
      this.timer = setInterval(() => this.once(), AGAIN_MS);
    }
  }

  /** Sound, unless another window of this browser has just done so. */
  private once(): void {
    if (!this.awake) return;
    try {
      const now = Date.now();
      if (now - Number(localStorage.getItem(RANG) ?? 0) < AGAIN_MS * 0.75) return;
      localStorage.setItem(RANG, String(now));
    } catch {
      // Without a storage each window rings for itself.
    }
    this.sound();
  }

  /** The tones, for an alarm or to hear whether one would be heard. */
  sound(): void {
    const context = this.context;
    if (!context || !this.awake) return;
    TONES.forEach((hertz, at) => {
      const [from, to] = [context.currentTime + at * 0.22, context.currentTime + at * 0.22 + 0.18];
      const [tone, loud] = [context.createOscillator(), context.createGain()];
      tone.type = 'triangle';
      tone.frequency.value = hertz;
      loud.gain.setValueAtTime(0.0001, from);
      loud.gain.exponentialRampToValueAtTime(0.5, from + 0.02);
      loud.gain.exponentialRampToValueAtTime(0.0001, to);
      tone.connect(loud).connect(context.destination);
      tone.start(from);
      tone.stop(to);
    });
    document.documentElement.dataset['rang'] = String(Number(document.documentElement.dataset['rang'] ?? 0) + 1);
  }

  /** The alarm goes on and the bell has just been let: sound at once. */
  again(): void {
    if (this.timer !== undefined) this.once();
  }
}
