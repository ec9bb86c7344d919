import { render } from "preact";
import "uplot/dist/uPlot.min.css";
import "./styles/index.css";
import { Controller } from "./controller";
import { SystemMonitor } from "./SystemMonitor";

const controller = new Controller();
const root = document.getElementById("app");
if (root) render(<SystemMonitor monitor={controller.monitor} />, root);
controller.start();
