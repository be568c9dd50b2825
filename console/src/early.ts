/** What the first page needs of the hub, asked for while the rest of the console is still on its way: this is a file of its own that
 * runs as soon as it is there. Knows nothing of the others. */

/** Where the token stands in this browser's storage. */
export const KEY = "unisono.token";
const FIRST = ["/things?models=true&limit=500", "/places?limit=500", "/me"];

export interface Answer {
  answer: Response;
  found: unknown;
}

/** An answer with what is in it; where that cannot be read, what its status says. */
export const read = async (coming: Promise<Response>): Promise<Answer> => {
  const answer = await coming;
  return { answer, found: answer.status === 204 ? null : await answer.json().catch(() => ({ title: answer.statusText })) };
};

const mine = localStorage.getItem(KEY);
const asked = new Map<string, Promise<Answer>>();
if (mine)
  for (const path of FIRST) {
    const coming = read(fetch(`/api/v1${path}`, { headers: { Authorization: `Bearer ${mine}` } }));
    coming.catch(() => undefined); // whoever takes it is told
    asked.set(path, coming);
  }

/** What was asked for early with this token; once, for it grows old. */
export function early(path: string, token: string | null): Promise<Answer> | undefined {
  const found = token === mine ? asked.get(path) : undefined;
  asked.delete(path);
  return found;
}
