/** The dispatch board: lives by the stream; tasks are given by drag, by keys and by press, and taken back. */
import { bonds, Keys } from './boardkeys.ts';
import { Deeds, heldOf } from './boarddeeds.ts';
import { Dragging } from './boarddrag.ts';
import { inWords, moved, standing } from './boardmoves.ts';
import { narrow, serveFinder } from './boardfinder.ts';
import { Panel } from './boardpanel.ts';
import { readConfig } from './config.ts';
import { byId } from './dom.ts';
import { follow } from './follow.ts';
import { serveForms } from './forms.ts';
import { showKeys } from './inboxkeys.ts';
import { actOnChoice, countDown, Living } from './living.ts';

readConfig();
actOnChoice();

/** Seen within a second of the event: the stream gathers for a quarter of it. */
const REST_MS = 350;
const LISTS = ['volunteers', 'members'];

let was = standing(document);
const deeds = new Deeds(() => living.refresh(true));
const panel = new Panel(byId<HTMLDialogElement>('people'), byId('people-body'), deeds);
const keys = new Keys({ open: (card) => void panel.show(card.dataset['task']!), back: (card) => void deeds.back(heldOf(card)), keys: () => showKeys(bonds()) });
const dragging = new Dragging(deeds, () => void living.refresh(true));
const living = new Living(byId('live'), { rest: REST_MS, every: 30_000, drawn, busy: () => dragging.busy || typing() });

serveFinder();
setInterval(countDown, 1000);
follow(['task', 'need', 'movement', 'emergency', 'centre', 'volunteer', 'team', 'offer'], () => living.stir());
serveForms({
  // What a form names several times is a list, and a list of one is a list all the same.
  before: (form, body) => {
    const data = new FormData(form);
    return { ...body, ...Object.fromEntries(LISTS.filter((name) => data.has(name)).map((name) => [name, data.getAll(name)])) };
  },
  after: async (form) => {
    const task = panel.task;
    if ('stay' in form.dataset && task) await panel.show(task);
    else panel.close();
    await living.refresh(true);
  },
});
byId('keys').hidden = false;
byId('keys').addEventListener('click', () => showKeys(bonds()));

/** The part is new: say what moved, and keep what the eye and the hand hold on to. */
function drawn(root: HTMLElement): void {
  countDown(root);
  narrow();
  keys.drawn();
  const now = standing(root);
  for (const id of moved(was, now)) mark(document.getElementById(id));
  const words = inWords(was, now);
  if (words.length) byId('board-said').textContent = words.join('. ');
  was = now;
}

function mark(card: HTMLElement | null): void {
  if (!card) return;
  card.classList.remove('is-new');
  requestAnimationFrame(() => card.classList.add('is-new'));
}

/** Somebody is choosing in a fold of a card: the card must not run away under the finger. */
function typing(): boolean {
  return document.activeElement instanceof HTMLSelectElement;
}

document.addEventListener('click', (event) => {
  const button = (event.target as Element).closest<HTMLElement>('[data-people]');
  if (button) void panel.show(button.dataset['people']!);
});
