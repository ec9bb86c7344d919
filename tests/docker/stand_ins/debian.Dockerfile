# Stand-in for debian:…-slim: debootstrap's Debian with this machine's certificates for pip and npm, which
# builds inside need to reach their registries. (ca-certificates would overwrite its own file.)
FROM system-monitor-stand-in/debootstrap
COPY ca-certificates.crt /etc/ssl/this-machine.crt
RUN printf '[global]\ncert = /etc/ssl/this-machine.crt\n' >/etc/pip.conf \
    && echo cafile=/etc/ssl/this-machine.crt >/root/.npmrc
