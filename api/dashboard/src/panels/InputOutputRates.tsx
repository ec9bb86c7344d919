import { useState } from "preact/hooks";
import { isObject, numberOf } from "../bus/payload";
import { helpOf, unitOf } from "../catalogue";
import { Legend } from "../charts/Legend";
import { fromZero, type Line, type Scale } from "../charts/lines";
import type { Tint } from "../charts/palette";
import { column } from "../charts/points";
import { Swatch } from "../charts/Swatch";
import { TimeChart } from "../charts/TimeChart";
import type { Monitor } from "../monitor";
import { rate, rateParts } from "../text/numbers";
import { useValue } from "../view/hooks";
import { Text } from "../view/Text";
import { Hint } from "./Hint";
import styles from "./InputOutputRates.module.css";
import { Panel } from "./Panel";

const DISK = "system/disk";
const NETWORK = "system/network";
const AXIS = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const SCALES: readonly Scale[] = [
  {
    key: "rate",
    side: "left",
    unit: unitOf("disk", "read_rate"),
    range: fromZero(1),
    format: (value) => AXIS.format(value),
  },
];

function line(key: string, label: string, tint: Tint, dash?: readonly number[]): Line {
  const kind = dash ? { dash } : { filled: true };
  return { key, label, tint, scale: "rate", read: column(key), format: rate, ...kind };
}

const DISK_LINES = [line("read_rate", "Disk R", "blue"), line("write_rate", "Disk W", "pink", [6, 3])];
const NETWORK_LINES = [line("download_rate", "Net ↓", "violet"), line("upload_rate", "Net ↑", "grey", [6, 3])];

/** Disk and network rates. The charts show MB/s, where 1 MB is 10^6 bytes. */
export function InputOutputRates() {
  return (
    <Panel id="io-panel" title="I/O Rates" channel={DISK} sensor="disk" class={styles.panel}>
      <dl class={styles.rates}>
        <Rate id="disk-read" label="Disk R" tint="blue" channel={DISK} field="read_rate" />
        <Rate id="disk-write" label="Disk W" tint="pink" channel={DISK} field="write_rate" />
        <Rate id="net-down" label="Net ↓" tint="violet" channel={NETWORK} field="download_rate" />
        <Rate id="net-up" label="Net ↑" tint="grey" channel={NETWORK} field="upload_rate" />
      </dl>
      <div class={styles.charts}>
        <div class={styles["with-legend"]}>
          <TimeChart
            channel={DISK}
            lines={DISK_LINES}
            scales={SCALES}
            label="Disk rates in MB/s over time"
            testId="disk-chart"
            class={styles.chart}
          />
          <Legend channel={DISK} lines={DISK_LINES} />
        </div>
        <div class={styles["with-legend"]}>
          <TimeChart
            channel={NETWORK}
            lines={NETWORK_LINES}
            scales={SCALES}
            label="Network rates in MB/s over time"
            testId="network-chart"
            class={styles.chart}
          />
          <Legend channel={NETWORK} lines={NETWORK_LINES} />
        </div>
      </div>
      <AllDevices />
    </Panel>
  );
}

/**
 * A section with the rates of each disk and network interface.
 *
 * Its tables are rendered only while the section is open.
 */
function AllDevices() {
  const [isOpen, setOpen] = useState(false);
  return (
    <details class={styles.devices} data-testid="io-devices" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Per disk and interface</summary>
      {isOpen && (
        <>
          <Devices
            title="Disk"
            channel={DISK}
            groups="per_device"
            columns={[
              ["read_rate", "R"],
              ["write_rate", "W"],
            ]}
          />
          <Devices
            title="Interface"
            channel={NETWORK}
            groups="per_interface"
            columns={[
              ["download_rate", "↓"],
              ["upload_rate", "↑"],
            ]}
          />
        </>
      )}
    </details>
  );
}

interface RateProps {
  readonly id: string;
  readonly label: string;
  readonly tint: Tint;
  readonly channel: string;
  readonly field: string;
}

function Rate({ id, label, tint, channel, field }: RateProps) {
  const family = channel.replace("system/", "");
  return (
    <div>
      <dt>
        <Swatch tint={tint} />
        <Hint text={helpOf(family, field)}>{label}</Hint>
      </dt>
      <dd data-testid={id}>
        <b>
          <Text read={(monitor) => rateParts(monitor.number(channel, field)).number} />
        </b>{" "}
        <small>
          <Text read={(monitor) => rateParts(monitor.number(channel, field)).unit} />
        </small>
      </dd>
    </div>
  );
}

interface DevicesProps {
  readonly title: string;
  readonly channel: string;
  readonly groups: string;
  readonly columns: readonly (readonly [field: string, label: string])[];
}

function Devices({ title, channel, groups, columns }: DevicesProps) {
  const members = (monitor: Monitor) => {
    const found = monitor.values(channel)[groups];
    return isObject(found) ? found : {};
  };
  const names = useValue((monitor) => Object.keys(members(monitor)));
  if (names.length === 0) return null;
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{title}</th>
          {columns.map(([field, label]) => (
            <th key={field} scope="col">
              {label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {names.map((name) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            {columns.map(([field]) => (
              <td key={field}>
                <Text read={(monitor) => rateOf(members(monitor)[name], field)} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function rateOf(rates: unknown, field: string): string {
  return rate(isObject(rates) ? numberOf(rates[field]) : null);
}
