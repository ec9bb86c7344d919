// The requested view is in the address's fragment, which the browser does not send: the form's
// address carries it, and so does the redirect that follows.
const form = document.querySelector("form");
const keepView = () => form.setAttribute("action", `./login${location.hash}`);
keepView();
addEventListener("hashchange", keepView);

try {
  const theme = localStorage.getItem("system-monitor-theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
} catch {
  // A browser may forbid it: the system's theme applies then.
}

// A link from another site opens this page without the cookie, even during a session.
if (document.querySelector(".problem") === null) {
  fetch("./session")
    .then((answer) => answer.json())
    .then((session) => session.logged_in && location.replace(`./${location.hash}`))
    .catch(() => {}); // the form is still there
}
