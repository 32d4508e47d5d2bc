# The commands of the project. CARGO_TARGET_DIR is honoured.
#
#   make run       build, then practise: in a window where there is a display, else to the end on the command line
#   make test      every test with small counts     make prove     the same with full counts
#   make check     format, lints, documentation, dependency rules, the build without a window
#   make check-api DESCRIPTION=FILE   every call of a set-up against an OpenAPI description, and through a proxy that validates
#   make bench     every measurement in one table, beside psql, ripgrep and the real Prisma; also as Markdown and JSON in target/bench
#   make gallery   every page in every state, both themes, in high contrast, small and at 200 %, in target/gallery
#   make screenshots   the README's pictures
#   make orca      what the screen reader says on the way through the first steps, in target/orca.txt
#   make troubleshooting   the guide's page of every message, after one was changed
#   make package   .deb, .rpm and the tarball of the build without a window, with checksums
#   make clean-practice   remove the practice cluster's template from the cache folder

SHELL := /bin/bash
TARGET := $(or $(CARGO_TARGET_DIR),target)
PROGRAM := $(TARGET)/debug/poolwright
PEERS := $(or $(POOLWRIGHT_PEERS),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/poolwright/peers)
CARGO_FLAGS := --locked
export POOLWRIGHT_PEERS := $(PEERS)

.DEFAULT_GOAL := run
.PHONY: run build test prove check check-api bench gallery screenshots orca troubleshooting package clean-practice

run:
	@packaging/install-deps run
	@cargo build $(CARGO_FLAGS)
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ]; then exec $(PROGRAM) practice; else exec $(PROGRAM) practice --no-window; fi

build:
	@packaging/install-deps build
	cargo build $(CARGO_FLAGS)

# Everything runs in a desktop session of its own, so no test meets the person's keyring, settings or display.
test:
	@packaging/install-deps test
	cargo test $(CARGO_FLAGS) --no-run
	scripts/session scripts/walk $(PROGRAM)
	scripts/session scripts/newcomer $(PROGRAM) $(TARGET)/debug/examples/practice_account
	scripts/session cargo test $(CARGO_FLAGS)

prove: export POOLWRIGHT_PROVE := 1
prove: test
	scripts/promises

check:
	@packaging/install-deps build
	cargo fmt --check
	cargo clippy $(CARGO_FLAGS) --all-targets -- -D warnings
	cargo clippy $(CARGO_FLAGS) --no-default-features -- -D warnings
	cargo clippy $(CARGO_FLAGS) --no-default-features --features gui -- -D warnings
	cargo clippy $(CARGO_FLAGS) --no-default-features --features practice -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc $(CARGO_FLAGS) --no-deps --document-private-items
	cargo test $(CARGO_FLAGS) --test architecture

check-api:
	@test -n "$(DESCRIPTION)" || { echo "make check-api DESCRIPTION=FILE: which OpenAPI file?" >&2; exit 64; }
	@packaging/install-deps test
	POOLWRIGHT_API_DESCRIPTION="$(abspath $(DESCRIPTION))" cargo test $(CARGO_FLAGS) --test it api_description

# A copy of the program as it is shipped: for the tests cargo builds another, with their features, in the same place.
bench:
	@packaging/install-deps pictures
	@packaging/install-deps peers
	cargo build $(CARGO_FLAGS) --release --examples
	cargo test $(CARGO_FLAGS) --release --test it --test ui --no-run
	cargo build $(CARGO_FLAGS) --release
	@mkdir -p $(TARGET)/bench && cp $(TARGET)/release/poolwright $(TARGET)/bench/
	@$(MAKE) --no-print-directory clean-practice
	benches/all $(TARGET)/bench/poolwright $(TARGET)/release/examples "$(PEERS)" | benches/table $(TARGET)/bench

gallery:
	@packaging/install-deps pictures
	scripts/gallery $(or $(FOLDER),$(TARGET)/gallery) $(PAGE)

screenshots:
	@packaging/install-deps pictures
	cargo build $(CARGO_FLAGS)
	scripts/screenshots $(PROGRAM)

orca:
	@packaging/install-deps orca
	cargo build $(CARGO_FLAGS)
	scripts/session scripts/listen $(PROGRAM) $(TARGET)/orca.txt

troubleshooting:
	POOLWRIGHT_WRITE_GUIDE=1 cargo test $(CARGO_FLAGS) --lib troubleshooting

package:
	@packaging/install-deps build
	packaging/make-package

# The same folder as src/practice/folder.rs chooses.
clean-practice:
	@if [ "$$(id -u)" = 0 ]; then cache=/var/cache; \
	elif [ "$$(uname)" = Darwin ]; then cache=$$HOME/Library/Caches; \
	else cache=$${XDG_CACHE_HOME:-$$HOME/.cache}; fi; \
	rm -rfv "$$cache"/poolwright/practice/template* | tail -n 1
