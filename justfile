# Short names for the scripts. `just` is a convenience: every recipe is one command that also works without it.

# Lists the recipes.
default:
    @just --list

# Builds the product and starts it on ./data.
run *arguments:
    ./scripts/run {{arguments}}

# The same, with the demo organization.
demo *arguments:
    ./scripts/run --demo {{arguments}}

# Checks everything, as CI does.
test *steps:
    ./scripts/test {{steps}}

# Formats the code.
fmt:
    cargo fmt --all

# Formatting, lints and documentation, without tests.
lint:
    ./scripts/test fmt clippy doc

# The layer check: who depends on whom.
arch:
    cargo run --quiet --locked --package vigie-arch

# Measures the hot paths on PostgreSQL, beside bare handlers.
bench *arguments:
    ./scripts/services run -- ./scripts/bench/run {{arguments}}

# Runs a command beside a private PostgreSQL and Redis, a shell when there is none.
services *command="bash":
    ./scripts/services run -- {{command}}
