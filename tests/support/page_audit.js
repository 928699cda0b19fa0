// What of accessibility can be told by looking: names, labels, headings, sizes, width. Run in the page; gives the faults.
() => {
  const shown = (e) => e.checkVisibility({checkVisibilityCSS: true}) && !e.closest('.visually-hidden, dialog:not([open])');
  const name = (e) => (e.getAttribute('aria-label') || e.labels?.[0]?.textContent || e.textContent || e.title || '').trim();
  const faults = [];
  for (const e of document.querySelectorAll('button, a[href], summary'))
    if (shown(e) && !name(e)) faults.push('no name: ' + e.outerHTML.slice(0, 120));
  for (const e of document.querySelectorAll('input:not([type=hidden]), select, textarea'))
    if (!e.labels?.length && !e.getAttribute('aria-label')) faults.push('no label: ' + e.outerHTML.slice(0, 120));
  const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
  for (const id of new Set(ids.filter((id, at) => ids.indexOf(id) !== at))) faults.push('id twice: ' + id);
  for (const e of document.querySelectorAll('main .button, main summary, main select, main input:not([type=hidden]), main h3 a, .top a, .top button'))
    if (shown(e) && e.type !== 'checkbox' && e.type !== 'radio' && e.getBoundingClientRect().height < 43.5)
      faults.push('small: ' + e.outerHTML.slice(0, 120));
  for (const e of document.querySelectorAll('[aria-labelledby], [aria-controls]'))
    for (const id of (e.getAttribute('aria-labelledby') || '').split(' ').filter(Boolean))
      if (!document.getElementById(id)) faults.push('points at nothing: ' + id);
  if (document.querySelectorAll('h1').length !== 1) faults.push('h1: ' + document.querySelectorAll('h1').length);
  let level = 1;
  for (const e of document.querySelectorAll('main h1, main h2, main h3, main h4')) {
    if (!shown(e) && !e.classList.contains('visually-hidden')) continue;
    const now = Number(e.tagName[1]);
    if (now > level + 1) faults.push('heading jumps to ' + e.outerHTML.slice(0, 80));
    level = now;
  }
  if (document.documentElement.scrollWidth > innerWidth) faults.push('wider than the window');
  return faults;
}
