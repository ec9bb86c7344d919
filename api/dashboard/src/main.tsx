import { render } from "preact";
import "uplot/dist/uPlot.min.css";
import "./styles/theme.css";
import "./styles/page.css";
import "./styles/panels.css";
import { Monitor } from "./monitor";
import { SystemMonitor } from "./SystemMonitor";

const monitor = new Monitor();
render(<SystemMonitor monitor={monitor} />, document.getElementById("app")!);
monitor.start();
