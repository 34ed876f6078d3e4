//! The `kubepki` program. Everything is in the library; see its front page for the shape.

use std::process::ExitCode;

/// Objects of an API are many small pieces, made in one thread and dropped in another: with the allocator of glibc they took
/// a sixth of the processor's time of a server under load.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    kubepki::cli::main()
}
