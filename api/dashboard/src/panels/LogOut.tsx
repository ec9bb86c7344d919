import { useEffect, useState } from "preact/hooks";
import { hasSession, logOut } from "../session";
import controls from "../styles/controls.module.css";
import styles from "./LogOut.module.css";

/** The log-out button, displayed only if the user has logged in. */
export function LogOut() {
  const [shown, setShown] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    void hasSession().then(setShown);
  }, []);
  if (!shown) return null;
  const end = () => {
    setProblem(null);
    void logOut().then(setProblem);
  };
  return (
    <>
      <button type="button" class={controls.button} data-testid="logout" onClick={end}>
        Log out
      </button>
      {problem !== null && (
        <p class={styles.problem} role="alert">
          You are still logged in: {problem} Try again later, or clear this site's cookies.
        </p>
      )}
    </>
  );
}
