export const RUN_ID = /^[A-Za-z0-9_.-]{1,64}$/;

/** How the page's address refers to a run. If `host` is null, the id alone must identify the run. */
export interface RunReference {
  readonly id: string;
  readonly host: string | null;
}

/** The references to two runs in a text such as `ID@HOST,ID@HOST` or `ID,ID`; null for any other text. */
export function runsFrom(text: string | null): readonly RunReference[] | null {
  const runs = text?.split(",").map(referenceFrom) ?? [];
  const found = runs.filter((run) => run !== null);
  return runs.length === 2 && found.length === 2 ? found : null;
}

export function runsText(runs: readonly RunReference[]): string {
  return runs.map(({ id, host }) => (host === null ? id : `${id}@${encodeURIComponent(host)}`)).join(",");
}

function referenceFrom(text: string): RunReference | null {
  const [id = "", ...rest] = text.split("@");
  if (!RUN_ID.test(id) || rest.length > 1) return null;
  try {
    return { id, host: decodeURIComponent(rest[0] ?? "") || null };
  } catch {
    return null; // the host is not valid URL encoding
  }
}
