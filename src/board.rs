//! The table sizes of the board that this build is for, from `board/*.toml` by way of `build.rs`.

include!(concat!(env!("OUT_DIR"), "/board.rs"));
