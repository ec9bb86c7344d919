#!/bin/bash
# Sets up a new InfluxDB from DOCKER_INFLUXDB_INIT_…, on a local port, then starts it.
set -euo pipefail

set_up() {
    influxd --http-bind-address=127.0.0.1:9999 >/dev/null &
    local server=$!
    until influx ping http://localhost:9999; do sleep 0.2; done
    curl --fail --silent --show-error --output /dev/null http://localhost:9999/api/v2/setup --data @- <<JSON
{"username": "$DOCKER_INFLUXDB_INIT_USERNAME", "password": "$(<"$DOCKER_INFLUXDB_INIT_PASSWORD_FILE")",
 "org": "$DOCKER_INFLUXDB_INIT_ORG", "bucket": "$DOCKER_INFLUXDB_INIT_BUCKET",
 "token": "$(<"$DOCKER_INFLUXDB_INIT_ADMIN_TOKEN_FILE")"}
JSON
    kill "$server"
    wait "$server" || true
}

if [[ ${DOCKER_INFLUXDB_INIT_MODE:-} == setup && ! -e $INFLUXD_BOLT_PATH ]]; then
    set_up
fi
exec "$@"
