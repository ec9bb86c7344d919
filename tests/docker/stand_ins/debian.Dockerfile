# Stands in for debian:…-slim: debootstrap's, and this machine's settings for pip and npm, which a build
# inside needs to reach its registries. (Installing ca-certificates would write over that file's own place.)
FROM system-monitor-stand-in/debootstrap
COPY ca-certificates.crt /etc/ssl/this-machine.crt
RUN printf '[global]\ncert = /etc/ssl/this-machine.crt\n' >/etc/pip.conf \
    && echo cafile=/etc/ssl/this-machine.crt >/root/.npmrc
