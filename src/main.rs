//! `hotline`: the command line is read in `hotline::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    hotline::cli::main()
}
