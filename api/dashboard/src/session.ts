/** Leave for the log-in page, which comes back to the same view: the address's fragment holds it. */
export function logIn(): void {
  location.replace(`./login${location.hash}`);
}

/** Whether the reader has logged in, and so may log out. Without a token there is nothing to. */
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
