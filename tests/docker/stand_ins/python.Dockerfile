# Stand-in for python:…-slim, with Debian's Python.
FROM debian:bookworm-slim
RUN apt-get update -qq \
    && apt-get install -qq --yes --no-install-recommends python3 python3-venv >/dev/null \
    && rm -rf /var/lib/apt/lists/* \
    && ln -s /usr/bin/python3 /usr/local/bin/python3 && ln -s /usr/bin/python3 /usr/local/bin/python
CMD ["python3"]
