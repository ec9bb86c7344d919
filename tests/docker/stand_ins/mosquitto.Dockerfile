# Stand-in for eclipse-mosquitto: Debian's Mosquitto with that image's user, folders and command.
FROM debian:bookworm-slim
RUN groupadd --gid 1883 mosquitto && useradd --system --uid 1883 --gid 1883 --no-create-home mosquitto \
    && apt-get update -qq \
    && apt-get install -qq --yes --no-install-recommends mosquitto mosquitto-clients >/dev/null \
    && rm -rf /var/lib/apt/lists/* \
    && install -d -o mosquitto -g mosquitto /mosquitto/config /mosquitto/data /mosquitto/log
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
VOLUME ["/mosquitto/data", "/mosquitto/log"]
EXPOSE 1883
CMD ["mosquitto", "-c", "/mosquitto/config/mosquitto.conf"]
