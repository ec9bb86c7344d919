import { useEffect, useState } from "preact/hooks";
import { hasSession, logOut } from "../session";

/** Shown to a reader who has logged in. */
export function LogOut() {
  const [shown, setShown] = useState(false);
  useEffect(() => {
    void hasSession().then(setShown);
  }, []);
  if (!shown) return null;
  return (
    <button
      type="button"
      class="button"
      title="End this browser's session"
      data-testid="logout"
      onClick={() => void logOut()}
    >
      Log out
    </button>
  );
}
