// The view that is wanted stands in the address's fragment, which the browser keeps to itself: the
// form takes it along, and so does the redirection after it.
const form = document.querySelector("form");
const keepView = () => form.setAttribute("action", `./login${location.hash}`);
keepView();
addEventListener("hashchange", keepView);

try {
  const theme = localStorage.getItem("system-monitor-theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
} catch {
  // A browser may forbid it: the system's colours then.
}

// Who follows a link from another site comes without the cookie, although there is one.
if (document.querySelector(".problem") === null) {
  fetch("./session")
    .then((answer) => answer.json())
    .then((session) => session.logged_in && location.replace(`./${location.hash}`))
    .catch(() => {}); // then the form is the way
}
