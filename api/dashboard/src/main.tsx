import { render } from "preact";
import "uplot/dist/uPlot.min.css";
import "./styles/index.css";
import { Monitor } from "./monitor";
import { SystemMonitor } from "./SystemMonitor";

const monitor = new Monitor();
render(<SystemMonitor monitor={monitor} />, document.getElementById("app")!);
monitor.start();
