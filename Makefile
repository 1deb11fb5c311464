# `make run`, `make cluster` and `make test` do all their own set-up; scripts/ says how.

.PHONY: help run cluster test browser screenshots simulate torture bench bench-quick build release web web-api fmt lint sqlx clean-data

help:
	@echo 'make run         the server with demo people on http://127.0.0.1:8080 (PORT=... to change)'
	@echo 'make cluster     three such servers behind an nginx, to kill and start again one by one (PORT=... to change)'
	@echo 'make test        formatting, lints, queries against the schema, all tests'
	@echo 'make browser     the tests in a browser alone (ONLY=story for one file)'
	@echo 'make screenshots those of the README and the guides, made anew by these tests'
	@echo 'make simulate    days of a hotline from fresh seeds, HOURS=... or DAYS=... long (five minutes), on every core'
	@echo 'make torture     the release build under load and injected faults for seven to twelve minutes, and with several servers besides (SEED=... to do it again, NODES=... of them)'
	@echo 'make bench       the release build beside others for a quarter of an hour (make bench-quick: about a minute)'
	@echo 'make build       the server, without a database'
	@echo 'make release     the server as it is run in production, with its pages, and its Debian package'
	@echo 'make web         the pages, into web/dist, where the server takes them from'
	@echo 'make web-api     generate the pages'\'' client anew after changing the interface'
	@echo 'make fmt lint    format the code; look for mistakes'
	@echo 'make sqlx        describe the queries anew after changing one or the schema'
	@echo 'make clean-data  forget what make run and make cluster keep'

run:
	@scripts/run.sh

cluster:
	@scripts/cluster.sh

test:
	@scripts/test.sh

browser:
	@scripts/browser.sh

screenshots:
	@SCREENSHOTS=1 ONLY="story guides" scripts/browser.sh

simulate:
	@scripts/simulate.sh

torture:
	@scripts/torture.sh long

bench:
	@scripts/bench.sh

bench-quick:
	@scripts/bench.sh --quick

build: web
	SQLX_OFFLINE=true cargo build --locked

release:
	@scripts/release.sh

web:
	@scripts/web.sh

web-api: web
	SQLX_OFFLINE=true cargo run --locked --quiet -- openapi | (cd web && npm run --silent api)

fmt:
	cargo fmt --all

lint:
	SQLX_OFFLINE=true cargo clippy --workspace --all-targets --locked -- -D warnings

sqlx:
	@scripts/sqlx.sh

clean-data:
	@scripts/clean-data.sh
