/** Hours as the house counts them, wherever the browser believes to be. */

/** The moment of an hour of today (`day` 0) or a later day in a zone. */
export function atHome(day: number, hour: number, zone: string, at: Date = new Date()): Date {
  const parts = new Intl.DateTimeFormat('en-GB', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }).formatToParts(at);
  const of = (type: string): number => Number(parts.find((part) => part.type === type)?.value);
  const wanted = Date.UTC(of('year'), of('month') - 1, of('day') + day, hour);
  // The zone's distance from UTC is read off at the moment itself, so that a change of the clocks in between does no harm.
  const first = new Date(wanted - distance(new Date(wanted), zone));
  return new Date(wanted - distance(first, zone));
}

function distance(at: Date, zone: string): number {
  const parts = new Intl.DateTimeFormat('en-GB', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }).formatToParts(at);
  const of = (type: string): number => Number(parts.find((part) => part.type === type)?.value);
  return Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second')) - Math.floor(at.getTime() / 1000) * 1000;
}
