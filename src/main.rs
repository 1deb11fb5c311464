//! `hotline`: the command line is read in `hotline::cli`.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Debian's own keeps what the threads that hash passwords have used: a hundred log-ins left 500 MiB behind. This one gives
/// it back, and is faster besides (docs/performance.md).
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    hotline::cli::main()
}
