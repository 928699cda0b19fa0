/** What a dispatcher does with a task: give it to somebody, take it back. One call each, with the fence that is seen. */
import { ApiError, ask } from './api.ts';
import { whyNot } from './forms.ts';
import { t } from './i18n.ts';
import { toast } from './toast.ts';

export interface Held {
  id: string;
  code: string;
  fence: number;
  state: string;
}

export interface Taker {
  id: string;
  code: string;
  /** The team that they lead, when the team is meant. */
  team: string | null;
}

export const heldOf = (card: HTMLElement): Held => ({ id: card.dataset['task']!, code: card.dataset['code']!, fence: Number(card.dataset['fence']), state: card.dataset['state'] ?? '' });

export class Deeds {
  /** The board shall be looked at again: something was done, or what stands there is no longer so. */
  private readonly look: () => Promise<void>;

  constructor(look: () => Promise<void>) {
    this.look = look;
  }

  async give(task: Held, taker: Taker): Promise<boolean> {
    const done = t('{task} goes to {who}', { task: task.code, who: taker.code });
    if (!taker.team) return this.call(task, done, () => post(task, 'reassign', { fence: task.fence, volunteer: taker.id }));
    return this.call(task, done, async () => {
      // A team takes what is free: what somebody holds goes back first, and stays in the queue if the team is refused.
      if (task.state !== 'queued') await post(task, 'reassign', { fence: task.fence });
      await post(task, 'claim', { volunteer: taker.id, team: taker.team });
    });
  }

  async back(task: Held): Promise<boolean> {
    return this.call(task, t('{task} is back in the queue', { task: task.code }), () => post(task, 'reassign', { fence: task.fence }));
  }

  private async call(task: Held, done: string, deed: () => Promise<void>): Promise<boolean> {
    const card = document.getElementById(`t-${task.id}`);
    card?.setAttribute('aria-busy', 'true');
    try {
      await deed();
      toast(done, 'good');
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      toast(whyNot(error), 'bad');
      return false;
    } finally {
      card?.removeAttribute('aria-busy');
      await this.look();
    }
  }
}

async function post(task: Held, verb: string, body: Record<string, unknown>): Promise<void> {
  await ask(`/api/tasks/${encodeURIComponent(task.id)}/${verb}`, { method: 'POST', body });
}
