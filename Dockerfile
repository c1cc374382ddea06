# godpdk over a DPDK built from source. See test/container/README.md.
#
#   docker build -t godpdk .                        the examples, small
#   docker build -t godpdk:build --target build .   Go, DPDK with headers and static libraries, the tests

ARG BASE=debian:bookworm-slim
ARG GO_VERSION=1.26
ARG GO_IMAGE=golang:${GO_VERSION}-bookworm

FROM ${GO_IMAGE} AS go


FROM ${BASE} AS tools
RUN apt-get -q update \
 && DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends \
    ca-certificates curl dpkg-dev gcc libc6-dev make meson ninja-build pkgconf python3-pyelftools xz-utils \
    libbpf-dev libelf-dev libnuma-dev libpcap-dev libsystemd-dev libxdp-dev zlib1g-dev \
    git iputils-ping qemu-user tcpdump \
 && rm -rf /var/lib/apt/lists/*


FROM tools AS dpdk
# Debian's source package of BASE, signed by its archive; DPDK_VERSION, such as 22.11, only checks that it is the expected release.
ARG DPDK_VERSION=
# Or a tarball from elsewhere.
ARG DPDK_TARBALL=
ARG DPDK_SHA256=
ARG DRIVERS=bus/pci,bus/vdev,mempool/ring,mempool/stack,net/af_packet,net/af_xdp,net/bonding,net/memif,net/null,net/pcap,net/ring,net/tap,net/vhost,net/virtio
# With what they need in turn.
ARG LIBS=acl,bpf,cryptodev,dmadev,eventdev,fib,gro,gso,ip_frag,lpm,metrics,pcapng,pdump,rib,sched,security,timer,vhost
COPY test/container/dpdk.sh /usr/local/sbin/
RUN dpdk.sh


FROM tools AS build
COPY --from=dpdk /out/dpdk /
RUN ldconfig
COPY --from=go /usr/local/go /usr/local/go
ENV PATH=/usr/local/go/bin:$PATH GOFLAGS=-buildvcs=false
WORKDIR /src
# For a proxy or a checksum database of one's own.
ARG GOPROXY
ARG GOSUMDB
ARG GONOSUMDB
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# The tests are built, not run: they need hugepages (make docker-test).
RUN make build \
 && GOCACHE=$(test/setup/gocache.sh) go test -exec true ./...


FROM ${BASE} AS runtime
COPY --from=dpdk /out/runtime /
COPY --from=dpdk /out/runtime-packages /usr/local/share/dpdk/
RUN apt-get -q update \
 && DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends $(cat /usr/local/share/dpdk/runtime-packages) \
 && rm -rf /var/lib/apt/lists/* \
 && ldconfig \
 && groupadd -g 10001 dpdk \
 && useradd -u 10001 -g dpdk -M -d /nonexistent -s /usr/sbin/nologin dpdk \
 && install -d -o dpdk -g dpdk -m 0700 /run/dpdk
COPY --from=build /src/bin/ /usr/local/bin/
# EAL puts its files into /run/dpdk, for root and for others; containers that share it, and hugepages, are one group.
ENV XDG_RUNTIME_DIR=/run
USER dpdk
CMD ["rings"]
ARG VERSION=
ARG REVISION=
LABEL org.opencontainers.image.title="godpdk" \
      org.opencontainers.image.description="Examples of godpdk, real DPDK from Go" \
      org.opencontainers.image.source="https://github.com/godpdk/godpdk" \
      org.opencontainers.image.licenses="BSD-3-Clause" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
