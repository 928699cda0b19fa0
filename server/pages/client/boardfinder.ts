/** The field above the people: only who answers to the words is shown. It stays so when the board is drawn again. */

export function serveFinder(): void {
  document.addEventListener('input', (event) => (event.target as Element).id === 'rail-find' && narrow());
}

export function narrow(): void {
  const find = document.getElementById('rail-find') as HTMLInputElement | null;
  const words = (find?.value ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  for (const row of document.querySelectorAll<HTMLElement>('.rail .one')) {
    const said = (row.textContent ?? '').toLowerCase();
    row.hidden = !words.every((word) => said.includes(word));
  }
}
