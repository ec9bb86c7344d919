import { isObject, numberOf } from "../bus/payload";
import { helpOf, unitOf } from "../catalogue";
import { Legend } from "../charts/Legend";
import { fromZero, type Line, type Scale } from "../charts/lines";
import { column } from "../charts/points";
import { TimeChart } from "../charts/TimeChart";
import type { Tint } from "../charts/palette";
import { rate } from "../text/numbers";
import { useFrame } from "../view/hooks";
import { Panel } from "./Panel";

const DISK = "system/disk";
const NETWORK = "system/network";
const SCALES: readonly Scale[] = [
  { key: "rate", side: "left", range: fromZero(1), format: (value) => String(Number(value.toPrecision(3))) },
];

function line(key: string, label: string, tint: Tint, dash?: readonly number[]): Line {
  const kind = dash ? { dash } : { filled: true };
  return { key, label, tint, scale: "rate", read: column(key), format: rate, ...kind };
}

const DISK_LINES = [line("read_rate", "Disk R", "blue"), line("write_rate", "Disk W", "orange", [6, 3])];
const NETWORK_LINES = [line("download_rate", "Net ↓", "green"), line("upload_rate", "Net ↑", "pink", [6, 3])];

/** What goes to and from disks and network, in MB/s of 10^6 bytes. */
export function InputOutputRates() {
  const monitor = useFrame();
  const host = monitor.shown;
  const disk = host?.newest.get(DISK)?.values ?? {};
  const network = host?.newest.get(NETWORK)?.values ?? {};
  return (
    <Panel id="io-panel" title="I/O Rates" channel={DISK} sensor="disk">
      <dl class="rates">
        <Rate id="disk-read" label="Disk R" tint="blue" family="disk" field="read_rate" value={disk["read_rate"]} />
        <Rate id="disk-write" label="Disk W" tint="orange" family="disk" field="write_rate" value={disk["write_rate"]} />
        <Rate id="net-down" label="Net ↓" tint="green" family="network" field="download_rate" value={network["download_rate"]} />
        <Rate id="net-up" label="Net ↑" tint="pink" family="network" field="upload_rate" value={network["upload_rate"]} />
      </dl>
      <div class="io-charts">
        <div class="io-chart">
          <TimeChart channel={DISK} lines={DISK_LINES} scales={SCALES} label="Disk rates in MB/s over time" testId="disk-chart" />
          <Legend channel={DISK} lines={DISK_LINES} />
        </div>
        <div class="io-chart">
          <TimeChart channel={NETWORK} lines={NETWORK_LINES} scales={SCALES} label="Network rates in MB/s over time" testId="network-chart" />
          <Legend channel={NETWORK} lines={NETWORK_LINES} />
        </div>
      </div>
      <details class="devices" data-testid="io-devices">
        <summary>Each disk and interface</summary>
        <Devices title="Disk" groups={disk["per_device"]} columns={[["read_rate", "R"], ["write_rate", "W"]]} />
        <Devices title="Interface" groups={network["per_interface"]} columns={[["download_rate", "↓"], ["upload_rate", "↑"]]} />
      </details>
    </Panel>
  );
}

interface RateProps {
  readonly id: string;
  readonly label: string;
  readonly tint: Tint;
  readonly family: string;
  readonly field: string;
  readonly value: unknown;
}

function Rate({ id, label, tint, family, field, value }: RateProps) {
  return (
    <div title={helpOf(family, field)}>
      <dt><i class={`swatch ${tint}`} aria-hidden="true" />{label}</dt>
      <dd><b data-testid={id}>{rate(numberOf(value))}</b> <small>{unitOf(family, field)}</small></dd>
    </div>
  );
}

interface DevicesProps {
  readonly title: string;
  readonly groups: unknown;
  readonly columns: readonly (readonly [field: string, label: string])[];
}

function Devices({ title, groups, columns }: DevicesProps) {
  const rows = isObject(groups) ? Object.entries(groups) : [];
  if (rows.length === 0) return null;
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{title}</th>
          {columns.map(([field, label]) => <th key={field} scope="col">{label} MB/s</th>)}
        </tr>
      </thead>
      <tbody>
        {rows.map(([name, rates]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            {columns.map(([field]) => <td key={field}>{rate(isObject(rates) ? numberOf(rates[field]) : null)}</td>)}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
