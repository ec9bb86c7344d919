"""The terminal view: shows the model's lines with Textual, and passes keys to the model."""

import asyncio
import signal
from typing import ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Footer, Static

from api.live.subscription import Subscription
from deploy.top.lines import Line, Style
from deploy.top.model import Model
from telemetry.clock import unix_milliseconds

_REFRESH_SECONDS = 0.5
_FOOTER = 1
_COLOURS = {
    Style.PLAIN: "",
    Style.DIM: "dim",
    Style.TITLE: "bold",
    Style.GOOD: "green",
    Style.BAR: "cyan",
    Style.WARNING: "yellow",
    Style.CRITICAL: "bold red",
    Style.SELECTED: "reverse",
}
_HELP = """\
q          quit
?          show or hide this help
s          sort by the next column; ▾ marks the sort column
r          sort in the other direction
↑ ↓        select a host; scroll the page of a host
Enter      show the selected host
← →        show the previous or next host
Esc        show all hosts

A sparkline shows the last samples, the newest on the right. Dimmed
values are stale. "slowed by" shows why the clocks of a GPU are reduced.
1 GiB is 2^30 bytes; 1 MB/s is 10^6 bytes per second."""


class Help(ModalScreen[None]):
    """The help text; ``?``, Esc, ``q`` and Enter close it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,escape,q,enter", "dismiss", "Close"),
    ]
    CSS = "Help { align: center middle; } #help { width: 74; height: auto; border: round; }"

    def compose(self) -> ComposeResult:
        """Yield the widget that shows the help text."""
        yield Static(Text(_HELP), id="help")


class Top(App[None]):
    """Shows the terminal view, and starts and stops the subscription ``live``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,ctrl+c", "quit", "Quit", key_display="q"),
        Binding("question_mark", "help", "Help", key_display="?"),
        Binding("s", "sort", "Sort"),
        Binding("r", "reverse", "Reverse"),
        Binding("enter", "open", "Open"),
        Binding("escape", "all_hosts", "All hosts"),
        Binding("left", "step(-1)", "Previous", show=False),
        Binding("right", "step(1)", "Next", show=False),
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
    ]
    CSS = "VerticalScroll { scrollbar-size-vertical: 1; } #page { width: auto; height: auto; }"
    ENABLE_COMMAND_PALETTE = False
    TITLE = "System Monitor"

    def __init__(self, live: Subscription, host: str | None) -> None:
        """Show the values that ``live`` receives; if ``host`` is given, show only that host."""
        super().__init__(ansi_color=True)
        self._live = live
        self._model = Model(live.newest.hosts, host)

    def compose(self) -> ComposeResult:
        """Yield the scrollable page and the footer."""
        with VerticalScroll(can_focus=False):
            yield Static(id="page")
        yield Footer()

    def on_mount(self) -> None:
        """Connect to the broker, and draw the page twice a second."""
        loop = asyncio.get_running_loop()
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(each, self.exit)
        self._live.start(loop)
        self.set_interval(_REFRESH_SECONDS, self.draw)
        self.draw()

    async def on_unmount(self) -> None:
        """Disconnect from the broker."""
        await asyncio.to_thread(self._live.stop)

    def on_resize(self) -> None:
        """Redraw the page at the new size."""
        self.draw()

    def draw(self) -> None:
        """Show the newest values."""
        width, height = self.size
        self._model.note()
        now = unix_milliseconds()
        lines = self._model.lines(self._live.outage, width - 1, height - _FOOTER, now)
        self.screen_stack[0].query_one("#page", Static).update(styled(lines))

    def action_help(self) -> None:
        """Show the keys."""
        self.push_screen(Help())

    def action_sort(self) -> None:
        """Sort by the next column."""
        self._model.sort()
        self.draw()

    def action_reverse(self) -> None:
        """Reverse the sort order."""
        self._model.reverse()
        self.draw()

    def action_open(self) -> None:
        """Show the selected host."""
        self._model.open()
        self.draw()

    def action_all_hosts(self) -> None:
        """Show all hosts."""
        self._model.back()
        self.draw()

    def action_step(self, steps: int) -> None:
        """On a host's page, show another host; in the table of hosts, select another host."""
        self._model.move(steps)
        self.draw()

    def action_move(self, steps: int) -> None:
        """In the table of hosts, select another host; on the page of a host, scroll."""
        if self._model.host is None:
            self._model.move(steps)
            self.draw()
        else:
            self.query_one(VerticalScroll).scroll_relative(y=steps, animate=False)

    def action_page(self, pages: int) -> None:
        """Move the selection in the table of hosts, or scroll the page of a host, by ``pages``."""
        self.action_move(pages * max(1, self.size.height - 2))


def styled(lines: list[Line]) -> Text:
    """Return ``lines`` as styled text; markup in ``lines`` is shown literally."""
    text = Text(no_wrap=True, end="")
    for index, line in enumerate(lines):
        if index:
            text.append("\n")
        for span in line:
            text.append(span.text, _COLOURS[span.style])
    return text
