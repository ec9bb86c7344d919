# A machine with systemd and Python, without System Monitor.
FROM debian:bookworm-slim
RUN apt-get update -qq \
    && apt-get install -qq --yes --no-install-recommends systemd systemd-sysv python3 python3-venv curl \
        >/dev/null \
    && rm -rf /var/lib/apt/lists/*
STOPSIGNAL SIGRTMIN+3
CMD ["/sbin/init"]
