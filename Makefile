HUGEPAGES ?= 512

# Git may refuse to describe a checkout that another user owns (a container, a CI job), and Go then refuses to build.
export GOFLAGS := $(strip $(shell go env GOFLAGS 2>/dev/null) -buildvcs=false)

# cgo does not notice that the DPDK it reads has changed, so each DPDK gets a build cache of its own.
go := GOCACHE=$$(test/setup/gocache.sh) && export GOCACHE && go

# Root can reserve hugepages, so a test without them must fail instead of being skipped.
ifeq ($(shell id -u),0)
export GODPDK_REQUIRE ?= 1
endif

# The arm64 assembly runs on any machine: its package has no cgo in it.
ifeq ($(shell uname -m),aarch64)
arm64 := GOARCH=arm64 CGO_ENABLED=0 go test -count=1
else
arm64 := GOARCH=arm64 CGO_ENABLED=0 go test -count=1 -exec "$$(command -v qemu-aarch64 || command -v qemu-aarch64-static)"
endif

# DPDK for arm64, and how Go compiles against it.
ARM64 ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/godpdk/arm64
cross = export PKG_CONFIG_LIBDIR=$(ARM64)/usr/lib/aarch64-linux-gnu/pkgconfig:$(ARM64)/usr/share/pkgconfig PKG_CONFIG_SYSROOT_DIR=$(ARM64) \
  CC="aarch64-linux-gnu-gcc --sysroot=$(ARM64)" CGO_ENABLED=1 GOARCH=arm64 && GOCACHE=$$(test/setup/gocache.sh) && export GOCACHE &&

# flock runs one package at a time: the processes of tests poll, and packages side by side would starve each other of cores
# and hugepages. Meanwhile Go links the next package (-p 2).
# Go's 10 minutes a package are not enough for test/processes with -race on a busy machine.
gotest := $(go) run ./test/gotest -count=1 -p 2 -exec "flock '$(CURDIR)/Makefile'" -timeout 30m

# What has assembly and needs no DPDK.
assembly := ./dpdk/internal/ringcore/... ./dpdk/internal/tsc ./dpdk/internal/lockops ./dpdk/hash ./dpdk/header

# The packages that the tag godpdk_debug changes.
debugged := ./dpdk/ring ./dpdk/internal/lfstack ./dpdk/mempool/... ./dpdk/mbuf/... ./dpdk/ethdev/... ./dpdk/netring/... ./dpdk/packet/... ./dpdk/place ./dpdk/internal/batchmem ./dpdk/internal/objects

# A module of its own, which needs a plotting library and benchstat. It runs in its folder.
plot := go -C test/bench/plot run .

# The base and the Go release of the images.
BASE ?= debian:bookworm-slim
GO_VERSION ?= 1.26
docker_args = --build-arg BASE=$(BASE) --build-arg GO_VERSION=$(GO_VERSION) --build-arg REVISION=$$(git rev-parse HEAD 2>/dev/null) \
  $(foreach v,GOPROXY GOSUMDB GONOSUMDB,$(if $($v),--build-arg $v)) $(DOCKER_ARGS)

step = @printf '\n== %s\n' "$(1)"

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help deps hugepages have-dpdk build run doctor static-dpdk static arm64 hello-ring hello-port packets lcores capture echo l2fwd symmetric-mp simple-mp client-server-mp hotplug-mp upgrade test check test-race test-long test-debug \
  test-arm64 test-kubernetes test-rivals test-bench test-nic soak lint coverage-api bench bench-rivals bench-page bench-instructions bench-compare clean docker docker-build docker-test docker-run test-matrix

help: ## this list
	@echo "make TARGET (run, test and bench set up what they need; as root, or with what deps and hugepages ask for):"
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r t d; do printf '  %-16s %s\n' "$$t" "$$d"; done

deps: ## install DPDK, pkgconf, gcc and qemu-user (Debian packages) if they are missing
	@command -v go >/dev/null || { echo "deps: no Go here: install it from https://go.dev/dl/ and put it in PATH" >&2; exit 1; }
	@test/setup/packages.sh

hugepages: ## have HUGEPAGES (512) free 2 MiB pages and a hugetlbfs mount
	@test/setup/hugepages.sh $(HUGEPAGES)

have-dpdk:
	@command -v pkg-config >/dev/null && pkg-config --exists libdpdk || { \
	  echo "build: no DPDK here (pkg-config finds no libdpdk). Type 'make deps' to install it, or set PKG_CONFIG_PATH: see pkgconfig/README.md" >&2; exit 1; }

build: have-dpdk ## build every package, and the examples into bin/
	@$(go) build ./...
	@mkdir -p bin && $(go) build -o bin/ ./examples/...

run: deps hugepages ## the two-process demo: a primary and its secondaries talk over rings
	@$(MAKE) --no-print-directory build
	@bin/rings

static-dpdk: have-dpdk ## a profile of DPDK for static programs (go build -tags godpdk_static), in PREFIX (/usr/local), of DRIVERS
	@pkgconfig/static.sh $(PREFIX)

static: deps hugepages ## the same program static and shared, and the static one in an empty container (root)
	@pkg-config --exists libdpdk-static || $(MAKE) --no-print-directory static-dpdk
	@$(go) test -count=1 ./test/linking
	@GOCACHE=$$(test/setup/gocache.sh libdpdk-static) && export GOCACHE && \
	  go test -count=1 -tags godpdk_static ./test/linking && test/linking/static.sh

arm64: ## compile and vet everything for arm64, with DPDK for arm64 in ARM64 (unpacked there, no root), and run a program in qemu-user
	@command -v aarch64-linux-gnu-gcc >/dev/null || { echo "arm64: no aarch64-linux-gnu-gcc (Debian's gcc-aarch64-linux-gnu)" >&2; exit 1; }
	@test/setup/arm64.sh $(ARM64)
	$(call step,go build and go vet for arm64)
	@$(cross) go build ./... && go vet ./...
	$(call step,a program for arm64)
	@mkdir -p bin && $(cross) go build -o bin/smoke-arm64 ./test/linking/smoke
	@$$(command -v qemu-aarch64 || command -v qemu-aarch64-static) -L $(ARM64) bin/smoke-arm64 -no-huge

doctor: ## what this host lacks for DPDK, and the command that mends it; works without DPDK
	@export CGO_ENABLED=$$(pkg-config --exists libdpdk 2>/dev/null && echo 1 || echo 0); $(go) run ./examples/doctor

hello-ring: deps hugepages ## a ring between two processes: run it in two terminals
	@$(MAKE) --no-print-directory build
	@bin/hello-ring

hello-port: deps hugepages ## a port that receives, counts and sends, until Ctrl-C
	@$(MAKE) --no-print-directory build
	@bin/hello-port

packets: deps hugepages ## packets shared between processes without a copy
	@$(MAKE) --no-print-directory build
	@bin/packets

lcores: deps hugepages ## Go functions on DPDK's lcores
	@$(MAKE) --no-print-directory build
	@bin/lcores

capture: deps hugepages ## packets of another process, decoded by gopacket, in a pcapng file
	@$(MAKE) --no-print-directory build
	@bin/capture -w bin/capture.pcapng

echo: deps hugepages ## a kernel's ping, answered by Go over DPDK, on a veth pair of its own (root)
	@$(MAKE) --no-print-directory build
	@bin/echo

l2fwd: deps hugepages ## frames forwarded between two virtual ports, for 5 seconds
	@$(MAKE) --no-print-directory build
	@bin/l2fwd -duration 5s

symmetric-mp: deps hugepages ## three processes share two ports, each on queues of its own
	@$(MAKE) --no-print-directory build
	@bin/symmetric-mp

simple-mp: deps hugepages ## two processes send each other lines of text
	@$(MAKE) --no-print-directory build
	@bin/simple-mp

client-server-mp: deps hugepages ## a server deals packets to clients, one of which is killed and comes back
	@$(MAKE) --no-print-directory build
	@bin/client-server-mp

hotplug-mp: deps hugepages ## devices come and go in two processes at once
	@$(MAKE) --no-print-directory build
	@bin/hotplug-mp

upgrade: deps hugepages ## each process of a pipeline is killed and replaced under load; packets lost, and milliseconds without traffic
	@$(MAKE) --no-print-directory build
	@bin/upgrade

.PHONY: loadbalancer
loadbalancer: deps hugepages ## connections over backends: workers killed and replaced, backends changed, every reply checked (root)
	@$(MAKE) --no-print-directory build
	@bin/loadbalancer

.PHONY: dns
dns: deps hugepages ## a DNS server on DPDK and on kernel sockets: it asks itself, and both give the same answers (root)
	@$(MAKE) --no-print-directory build
	@bin/dns

.PHONY: quic
quic: deps hugepages ## HTTP/3 of quic-go over DPDK and over the kernel: two rings, a veth pair, loopback (root)
	@mkdir -p bin && $(go) build -C examples/quic -o ../../bin/quic . && bin/quic

.PHONY: exporter
exporter: ## metrics of Prometheus of all DPDK processes of this machine, on http://127.0.0.1:9787/metrics (needs no DPDK)
	@mkdir -p bin && CGO_ENABLED=0 go build -C examples/exporter -o ../../bin/exporter . && bin/exporter

.PHONY: top
top: ## a live view of all DPDK processes of this machine: TOP='-http 127.0.0.1:9788' makes it a web page (needs no DPDK)
	@mkdir -p bin && export CGO_ENABLED=$$(pkg-config --exists libdpdk 2>/dev/null && echo 1 || echo 0); $(go) build -C examples/top -o ../../bin/top . && bin/top $(TOP)

test: deps hugepages ## all tests once, in short form (8 minutes on 2 cores)
	$(call step,go test -short ./...)
	@$(gotest) -short ./...

check: lint test test-race test-long test-debug test-arm64 test-kubernetes test-rivals test-bench ## lint, test, the tests with -race and cgocheck2, in long form, in the debug build, for arm64 and on emulated NICs, and the benchmarks once

# With all installed drivers of DPDK, the tests in which -race can find something: the others read sources or build programs.
sources := test/(apicoverage|examples|layers|linking|stubs|vendoring|words)$$
test-race: deps hugepages
	$(call step,GOEXPERIMENT=cgocheck2 go test -race -short)
	@export GODPDK_DRIVERS=all GOEXPERIMENT=cgocheck2; $(gotest) -race -short $$(go list ./... | grep -Ev '$(sources)')

# The packages with tests that have a long form.
test-long: deps hugepages
	$(call step,the long form of tests)
	@$(gotest) $$(grep -rl --include=*_test.go 'testing\.Short()' dpdk test | xargs -n1 dirname | sort -u | sed 's,^,./,')

test-debug: deps hugepages
	$(call step,go test -tags godpdk_debug $(debugged))
	@$(gotest) -tags godpdk_debug $(debugged)

test-arm64: deps
	$(call step,GOARCH=arm64 go test $(assembly))
	@$(arm64) $(assembly)

# A module of its own, which needs the types of the Kubernetes API.
test-kubernetes:
	$(call step,the manifest of the pod and the Kubernetes API)
	@cd test/container/kubernetes && go test -count=1 ./...

# Everything of make bench once, and its pictures, from the rows of that run.
test-bench: deps hugepages
	$(call step,the benchmarks once and their pictures)
	@export BENCH_JSON=$$(mktemp) && trap 'rm -f "$$BENCH_JSON"' EXIT && $(gotest) ./test/bench && \
	  go vet -C test/bench/plot ./... && go test -C test/bench/plot -count=1 ./...

# A module of its own too: each rival of the benchmark moves some frames.
test-rivals: deps hugepages
	$(call step,the contenders of make bench-rivals)
	@$(go) vet -C test/bench/rivals ./... && go test -C test/bench/rivals -count=1 ./...

# A module of its own, which needs Prometheus' client library. And the client of package telemetry without cgo.
.PHONY: test-exporter
check: test-exporter
test-exporter: deps hugepages
	$(call step,examples/exporter)
	@CGO_ENABLED=0 go test -count=1 ./dpdk/telemetry
	@$(go) vet -C examples/exporter ./... && go test -C examples/exporter -count=1 ./...

# A module of its own, which needs quic-go.
.PHONY: test-quic
check: test-quic
test-quic: deps hugepages
	$(call step,examples/quic)
	@$(go) vet -C examples/quic ./... && go test -C examples/quic -count=1 ./...

# A module of its own, which needs a library for terminals. Its tests need a browser and tmux.
.PHONY: test-top
check: test-top
test-top: deps hugepages
	@test/setup/browser.sh
	$(call step,examples/top)
	@$(go) vet -C examples/top ./... && go test -C examples/top -race -count=1 ./...

check: test-nic
test-nic: deps ## emulated PCI NICs in a QEMU guest, driven through vfio-pci: see test/nic (root)
	$(call step,Go programs on PCI NICs in a guest)
	@[ "$$(uname -m)" = x86_64 ] || { echo "test-nic: the guest is an x86 machine: nothing to do here"; exit 0; }; test/nic/build.sh bin/nic && \
	  export GODPDK_NIC_LAB=$(CURDIR)/bin/nic && $(go) test -count=1 -v -timeout 15m -parallel 3 ./test/nic

soak: deps hugepages ## for SOAK (60s) each: bursts beside a busy Go runtime, all control calls at once; then DATAGRAMS (10 million) over package udp, and KILLS (1000) workers are killed at random
	@export GODPDK_SOAK=$(or $(SOAK),60s); $(go) test -count=1 -v -timeout 0 -run BusyRuntime ./dpdk/ethdev && \
	  $(go) test -count=1 -v -timeout 0 -run AllControlCallsAtOnce ./test/hammer
	@export GODPDK_DATAGRAMS=$(or $(DATAGRAMS),10000000); $(go) test -count=1 -v -timeout 0 -run NothingIsLost ./dpdk/udp
	@export GODPDK_KILLS=$(or $(KILLS),1000); $(go) test -count=1 -v -timeout 0 -run Storm ./dpdk/internal/batchmem
	@export GODPDK_KILLS=200; $(go) test -count=1 -v -timeout 0 -run Killed ./test/processes ./dpdk/lock

lint: deps ## gofmt, go vet, staticcheck
	@out=$$(gofmt -l .) && [ -z "$$out" ] || { printf 'gofmt -w these:\n%s\n' "$$out" >&2; exit 1; }
	@$(go) vet ./...
	@GOARCH=arm64 CGO_ENABLED=0 go vet $(assembly)
	@for os in linux darwin windows; do GOOS=$$os CGO_ENABLED=0 go vet ./... || exit; done
	@$(go) tool staticcheck ./...
	@$(go) run ./test/words
	@echo "lint: clean"

coverage-api: ## write test/apicoverage: which functions of DPDK godpdk covers
	@$(go) run ./test/apicoverage

# The rows of HTTP/3 run this program, which is in a module of its own.
bench_quic = mkdir -p bin && $(go) build -C examples/quic -o ../../bin/quic . && export BENCH_QUIC='$(CURDIR)/bin/quic'

bench bench-page bench-instructions: HUGEPAGES = 1024
bench: deps hugepages ## Go, cgo and C side by side, in 8 minutes and 1024 hugepages; BENCH_JSON=FILE also writes the rows, BENCH_SVG=DIR draws them
	@$(bench_quic) && json=$$(mktemp) && trap 'rm -f "$$json"' EXIT && export BENCH_JSON="$${BENCH_JSON:-$$json}" && $(go) run ./test/bench \
	  $(if $(BENCH_SVG),&& $(plot) svg '$(abspath $(BENCH_SVG))' "$$(realpath "$$BENCH_JSON")")

bench-page: deps hugepages ## measure, or take the run in BENCH_JSON, and write the pages and pictures of test/bench and the table of README.md
	@run=test/bench/results/run.json; export BENCH_JSON="$(if $(BENCH_JSON),$(abspath $(BENCH_JSON)),$$PWD/$$run)" && \
	  $(if $(BENCH_JSON),:,$(bench_quic) && $(go) run ./test/bench) && $(plot) svg ../results "$$BENCH_JSON" && \
	  { cmp -s "$$BENCH_JSON" $$run || cp "$$BENCH_JSON" $$run; } && \
	  $(plot) page ../results/run.json ../RESULTS.md ../PAUSES.md ../../../README.md

bench-instructions: deps hugepages ## the instructions of an operation in Go and C, counted by single steps; BENCH_GROUP as above
	@BENCH_INSTRUCTIONS=1 $(go) run ./test/bench

bench-compare: ## what differs between two runs, by the method of benchstat: OLD=a.json NEW=b.json
	@$(if $(and $(OLD),$(NEW)),,$(error bench-compare compares two files of BENCH_JSON: OLD=a.json NEW=b.json))$(plot) compare "$(abspath $(OLD))" "$(abspath $(NEW))"

bench-rivals: deps hugepages ## godpdk, testpmd, gopacket, AF_XDP in Go and UDP sockets on veth pairs (root), in 2 minutes; BENCH_JSON and BENCH_SVG as above
	@json=$$(mktemp) && trap 'rm -f "$$json"' EXIT && export BENCH_JSON="$(if $(BENCH_JSON),$(abspath $(BENCH_JSON)),$$json)" && $(go) run -C test/bench/rivals . \
	  $(if $(BENCH_SVG),&& $(plot) rivals '$(abspath $(BENCH_SVG))' "$$BENCH_JSON")

docker: docker-build ## image godpdk: DPDK from source and the examples over it; DOCKER_ARGS='--build-arg …'
	@docker build $(docker_args) -t godpdk .

# The stage that has Go, DPDK and the tests.
docker-build:
	@test/container/base.sh $(BASE) golang:$(GO_VERSION)-bookworm
	@docker build $(docker_args) --target build -t godpdk:build .

docker-test: docker-build hugepages ## make test in a container; TEST='go test ./dpdk/ring/...' runs another command
	@test/container/test.sh godpdk:build $(or $(TEST),make test)

docker-run: docker hugepages ## a primary and its secondaries in containers of their own, each killed and replaced under load
	@test/container/run.sh godpdk
	@test/container/upgrade.sh godpdk

test-matrix: hugepages ## make test on DPDK=22.11, 24.11 or 25.11 (all three) in containers of the Debian that has it
	@test/container/matrix.sh $(DPDK)

clean: ## remove bin/
	@rm -rf bin
