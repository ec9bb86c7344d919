/** Go to the log-in page, which returns to the same view: the address's fragment carries it. */
export function logIn(): void {
  location.replace(`./login${location.hash}`);
}

/** Whether the reader has logged in, and so can log out. Never if the API does not require a token. */
export async function hasSession(): Promise<boolean> {
  try {
    const answer = await fetch("./session");
    const session: unknown = answer.ok ? await answer.json() : null;
    return typeof session === "object" && session !== null && "logged_in" in session && session.logged_in === true;
  } catch {
    return false;
  }
}

export async function logOut(): Promise<void> {
  await fetch("./logout", { method: "POST" });
  logIn();
}
