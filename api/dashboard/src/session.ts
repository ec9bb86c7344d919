/** Go to the log-in page. The URL fragment is kept, so the same view appears after log-in. */
export function logIn(): void {
  location.replace(`./login${location.hash}`);
}

/** Whether the user has logged in, and can therefore log out. False if the API does not require a token. */
export async function hasSession(): Promise<boolean> {
  try {
    const response = await fetch("./session");
    const session: unknown = response.ok ? await response.json() : null;
    return typeof session === "object" && session !== null && "logged_in" in session && session.logged_in === true;
  } catch {
    return false;
  }
}

/** End the session; return null on success, or a sentence that says why it could not be ended. */
export async function logOut(): Promise<string | null> {
  try {
    const response = await fetch("./logout", { method: "POST" });
    if (!response.ok) return `The server responded with the status ${response.status}.`;
  } catch {
    return "The server is not responding.";
  }
  logIn();
  return null;
}
