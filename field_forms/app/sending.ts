/** A filled-in form as OpenRosa takes it: one POST, or several when its files are more than one POST may carry. */

/** Files of one POST at most: Collect's own number, which every server of this kind knows. */
export const MOST_FILES = 100;
/** What a file costs beyond its bytes: boundary and headers of its part. */
const PART_BYTES = 400;

/** One POST: the answers go with each, `more` says that others follow. */
export interface Post {
  files: readonly File[];
  more: boolean;
}

/** A file that no POST may carry. */
export class TooLarge extends Error {
  readonly size: number;
  readonly limit: number;
  constructor(size: number, limit: number) {
    super('a file is larger than one submission may be');
    this.size = size;
    this.limit = limit;
  }
}

const cost = (file: File): number => file.size + PART_BYTES + 3 * file.name.length;

/** The POSTs of a form, in order; every file in exactly one. `limit` bytes each. Throws `TooLarge`. */
export function posts(xml: File, files: readonly File[], limit: number, most: number = MOST_FILES): Post[] {
  const own = cost(xml) + PART_BYTES;
  if (own > limit) throw new TooLarge(xml.size, limit);
  const groups: File[][] = [[]];
  let size = own;
  for (const file of files) {
    if (own + cost(file) > limit) throw new TooLarge(file.size, limit);
    let last = groups[groups.length - 1]!;
    if (last.length && (last.length >= most || size + cost(file) > limit)) {
      groups.push((last = []));
      size = own;
    }
    last.push(file);
    size += cost(file);
  }
  return groups.map((group, n) => ({ files: group, more: n + 1 < groups.length }));
}

/** The body of a POST: the answers first, then the files under their own names. */
export function body(xml: File, post: Post): FormData {
  const form = new FormData();
  form.append('xml_submission_file', xml, 'submission.xml');
  if (post.more) form.append('*isIncomplete*', 'yes');
  for (const file of post.files) form.append(file.name, file, file.name);
  return form;
}
