//! Arguments to exit code.

fn main() -> std::process::ExitCode {
    lockwarden::shell::cli::main()
}
