/** Whether somebody may be given a task, said at once while one drags; the server has the last word. Pure. */
import { lang, t } from './i18n.ts';

export interface Job {
  code: string;
  holderId: string | null;
  woman: boolean;
  crew: number;
  women: number;
  /** The skills without which it cannot be done. */
  skills: readonly string[];
}

export interface Somebody {
  code: string;
  id: string;
  /** The team they lead on this row, if the row is a team's. */
  team: string | null;
  gender: string;
  can: readonly string[];
  /** Why they cannot go at all, in words. */
  away: string | null;
  silent: boolean;
  members: number;
  women: number;
}

export interface Fit {
  /** `no`: the server would refuse. `warn`: it can be done, and is hardly meant. */
  may: 'yes' | 'warn' | 'no';
  why: string | null;
}

const no = (why: string): Fit => ({ may: 'no', why });

export function fit(job: Job, one: Somebody, say: (skill: string) => string): Fit {
  if (one.away) return no(`${one.code}: ${one.away}`);
  if (job.holderId === one.id) return no(t('{who} holds it already.', { who: one.code }));
  if (one.team) {
    if (one.members < job.crew) return no(t('It takes {n} people; this team has {m}.', { n: job.crew, m: one.members }));
    if (one.women < job.women) return no(t('It takes {n} women; this team has {m}.', { n: job.women, m: one.women }));
  } else {
    if (job.crew > 1) return no(t('It takes a team of {n}: drop it on a team, or open it to form one.', { n: job.crew }));
    if (job.woman && one.gender !== 'woman') return no(t('This task is for a woman.'));
    const lacks = job.skills.filter((skill) => !one.can.includes(skill));
    if (lacks.length) return { may: 'warn', why: t('{who} has not learnt this: {skills}', { who: one.code, skills: lacks.map(say).join(lang() === 'fa' ? '، ' : ', ') }) };
  }
  return one.silent ? { may: 'warn', why: t('{who} has fallen silent.', { who: one.code }) } : { may: 'yes', why: null };
}

export function jobOf(card: HTMLElement): Job {
  const data = card.dataset;
  return {
    code: data['code'] ?? '',
    holderId: data['holderId'] ?? null,
    woman: 'woman' in data,
    crew: Number(data['crew'] ?? 1),
    women: Number(data['women'] ?? 0),
    skills: (data['skills'] ?? '').split(' ').filter(Boolean),
  };
}

export function somebodyOf(row: HTMLElement): Somebody {
  const data = row.dataset;
  return {
    code: data['code'] ?? '',
    id: data['person'] ?? '',
    team: data['team'] ?? null,
    gender: data['gender'] ?? '',
    can: (data['can'] ?? '').split(' ').filter(Boolean),
    away: data['away'] ?? null,
    silent: 'quiet' in data,
    members: Number(data['members'] ?? 1),
    women: Number(data['women'] ?? 0),
  };
}
