# SPDX-License-Identifier: Apache-2.0
# The front door. meson and ninja do the building; everything lands in build/.

MESON_FLAGS ?=
PREFIX ?= /usr/local
IMAGE_DIR := build/image
JOBS := $(shell nproc)

# ninja does what can be done at once.
.NOTPARALLEL:
.PHONY: all demo demo-manager test test-openstack test-update test-manager manager-report test-sources test-compute proof test-placement test-dns test-ddi torture unit asan fuzz fuzz-run lint \
	format failures coverage bench bench-drill bench-manager bench-outage bench-placement bench-openstack image glance-image bondd-dist \
	test-bondd-dist install clean

all: build/build.ninja
	ninja -C build -j $(JOBS)

# Once: ninja notices itself when a meson.build has changed.
build/build.ninja:
	meson setup $(MESON_FLAGS) build --prefix $(PREFIX)

# Packages, before anything that needs them: apt-build-run is scripts/install-deps.sh build run.
apt-%:
	scripts/install-deps.sh $(subst -, ,$*)

# The whole of it: install, build, make the image, deploy, verify, break a leg, undeploy.
demo: apt-build-image-run all image
	scripts/demo.sh

# The same VNF under dnsvnfd: paused, killed, cut off; what is healed, what is not, and why.
demo-manager: apt-build-image-run all image
	scripts/demo-manager.sh

# Everything that this machine can run.
test: apt-build-image-run-test all image
	scripts/test.sh

# Against a real OpenStack control plane, which is fetched once and kept in build/openstack.
test-openstack: apt-build-run-test all
	tests/openstack/run.sh

# Updates in the local VIM, flavors that change, second steps that fail: suites of their own, for their time.
test-update: apt-build-image-run-test all image
	tests/vm/rolling.py
	tests/openstack/run.sh update_faults

# dnsvnfd while guests, the compute host and the cloud's services fail: suites of their own, for their time. manager-report
# also writes doc/manager-cloud.md and doc/manager-vm.md.
test-manager manager-report: apt-build-image-run-test all image
	$(if $(filter manager-report,$@),MANAGER_REPORT=$(CURDIR)/doc) tests/openstack/run.sh manager_cloud
	$(if $(filter manager-report,$@),MANAGER_REPORT=$(CURDIR)/doc) /usr/bin/python3 tests/vm/manager_vm.py

# What init writes, in guests; what check --vim and import read from a cloud.
test-sources: apt-build-image-run-test all image
	tests/vm/init_deploys.py
	tests/openstack/run.sh check_vim import_running

# The TechNote on a real compute host in a VM: half an hour. proof also writes doc/proof.md.
test-compute proof: apt-build-image-run-test-compute all image
	tests/compute/run.sh $(if $(filter proof,$@),--write)

image: apt-build-image all
	image/build.sh $(IMAGE_DIR) build/bondd

glance-image: apt-build-image all
	image/build.sh --glance build/dns-vnf-glance.qcow2 $(IMAGE_DIR) build/bondd

# bondd for guests whose image is not ours: build/dist/bondd-VERSION-ARCH.tar.gz
bondd-dist: apt-build-dist
	scripts/bondd-dist.sh build/dist

# The same in Debian 11, 12 and 13, each in a VM; a suite of its own, for its time.
test-bondd-dist: apt-image-run bondd-dist
	/usr/bin/python3 tests/dist/test_bondd_dist.py

# Many tests wait more than they compute.
unit: apt-build-test all
	meson test -C build --no-rebuild --print-errorlogs --num-processes $$(($(JOBS) * 2)) --suite unit --suite fuzz

asan: apt-build-test
	[ -e build/asan/build.ninja ] || meson setup build/asan -Db_sanitize=address,undefined -Db_lundef=false -Doptimization=g -Dc_args=-g1
	ninja -C build/asan -j $(JOBS)
	meson test -C build/asan --no-rebuild --print-errorlogs --num-processes $$(($(JOBS) * 2)) --suite unit --suite fuzz

# Ten minutes a target by default: make fuzz-run SECONDS_EACH=600
SECONDS_EACH ?= 600
fuzz: apt-build-test
	[ -e build/fuzz/build.ninja ] || CC=clang meson setup build/fuzz -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false
	ninja -C build/fuzz -j $(JOBS)
fuzz-run: fuzz
	scripts/fuzz.sh build/fuzz $(SECONDS_EACH)

# One failure at a time: every system call, allocation and answer of the commands in tests/failures. Writes doc/failures.md.
failures: apt-build-test all
	FAILURES=whole /usr/bin/python3 tests/failures/test_failures.py build/dnsvnf build/bondd \
		build/tests/failures/libfailing_malloc.so

# Branches that the suites reach, by folder: make coverage SUITES='unit netns'
SUITES ?= unit netns vm openstack
coverage: apt-build-image-run-test all
	scripts/coverage.sh $(SUITES)

lint: apt-build-test all
	scripts/lint.sh

format:
	clang-format -i $$(git ls-files '*.c' '*.h')

bench: apt-build-run-test all
	/usr/bin/python3 bench/startup.py
	/usr/bin/python3 bench/host.py
	/usr/bin/python3 bench/ddi.py

# The placement code against Nova's own, in the root of the OpenStack tests or in NOVA_ROOT.
test-placement: apt-build-run-test all
	/usr/bin/python3 tests/placement/differential.py
	/usr/bin/python3 tests/placement/devspecs.py

# What ddi writes of random plans, by the servers' own checkers; the servers with it, in namespaces.
test-ddi: apt-build-test all
	/usr/bin/python3 tests/ddi/test_checkers.py build/dnsvnf
	/usr/bin/python3 tests/ddi/test_services.py build/dnsvnf

# Zones of check against BIND's named-checkzone.
test-dns: apt-build-test all
	/usr/bin/python3 tests/dns/differential.py

# dnsvnfd with up to 10,000 VMs on loopback: its probes alone, then as a whole.
bench-manager: apt-build-run-test all
	/usr/bin/python3 bench/manager_probes.py
	/usr/bin/python3 bench/manager.py

bench-placement: apt-build-run-test all
	/usr/bin/python3 bench/placement.py

# The TechNote's steps by the openstack client and by dnsvnf deploy, on the same cloud in one run.
bench-openstack: apt-build-run-test all
	/usr/bin/python3 bench/openstack.py

# dnsvnf killed, and the cloud's answers spoiled, at every request: hours. Begun again, it goes on.
torture: apt-build-run-test all
	TORTURE=whole tests/openstack/run.sh test_torture

# 20 drills while the machine is idle and 20 at a load of 6: the same outage, or inconclusive.
bench-drill: apt-build-image-run-test all image
	/usr/bin/python3 bench/drill.py

# 20 runs a cell, or 3: make bench-outage QUICK=--quick. A run that was stopped goes on.
bench-outage: apt-build-image-run-test all image
	/usr/bin/python3 bench/outage.py $(QUICK)

install: all
	meson install -C build --no-rebuild

clean:
	rm -rf build
