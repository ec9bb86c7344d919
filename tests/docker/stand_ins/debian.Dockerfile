# Stands in for debian:…-slim: debootstrap's, and this machine's settings for pip and npm, which a build
# inside needs to reach its registries.
FROM system-monitor-stand-in/debootstrap
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
RUN printf '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n' >/etc/pip.conf \
    && echo cafile=/etc/ssl/certs/ca-certificates.crt >/root/.npmrc
