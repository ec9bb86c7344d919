# Stand-in for influxdb:2.7: influxd as .ci/influxd builds it, with that image's user and folders, and
# the part of its initial set-up that compose.yaml uses.
FROM debian:bookworm-slim
RUN groupadd --gid 1000 influxdb && useradd --uid 1000 --gid 1000 --create-home influxdb \
    && apt-get update -qq \
    && apt-get install -qq --yes --no-install-recommends curl >/dev/null \
    && rm -rf /var/lib/apt/lists/* \
    && install -d -o influxdb -g influxdb /var/lib/influxdb2 /etc/influxdb2
COPY influxd influx entrypoint.sh /usr/local/bin/
RUN chmod 755 /usr/local/bin/*
ENV INFLUXD_BOLT_PATH=/var/lib/influxdb2/influxd.bolt \
    INFLUXD_ENGINE_PATH=/var/lib/influxdb2/engine \
    INFLUX_CONFIGS_PATH=/etc/influxdb2/influx-configs
VOLUME ["/var/lib/influxdb2", "/etc/influxdb2"]
EXPOSE 8086
ENTRYPOINT ["entrypoint.sh"]
CMD ["influxd"]
