//! The `kubepki` program. Everything is in the library; see its front page for the shape.

use std::process::ExitCode;

fn main() -> ExitCode {
    kubepki::cli::main()
}
