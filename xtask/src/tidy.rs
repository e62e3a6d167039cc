//! `tidy`, the third guard of the layout: the table of who may import whom ([`table`]), and what must not stand in a file.
//! It reads text, not types: a name that is renamed on import passes, and is left to review.

mod path;
mod rules;
mod source;
mod table;

use std::fs;

use crate::workspace::{Failure, Workspace};
use rules::inspect;
use table::EXCEPTIONS;

/// Inspects every file that git knows; takes no arguments.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<(), Failure> {
    if let Some(argument) = arguments.first() {
        return Err(Failure::Said(format!("takes no arguments, was given `{argument}`")));
    }
    let files = workspace.files()?;
    let mut found = 0_usize;
    for path in &files {
        let bytes = fs::read(workspace.root().join(path)).map_err(|e| Failure::of(path, e))?;
        // What is not text is not ours to read.
        let Ok(text) = String::from_utf8(bytes) else { continue };
        for finding in inspect(path, &text) {
            println!("{finding}");
            found += 1;
        }
    }
    if found > 0 {
        return Err(Failure::Said(format!("{found} findings")));
    }
    for exception in EXCEPTIONS {
        println!("exception: {:?} at {}, {}", exception.rule, exception.at, exception.reason);
    }
    println!("tidy: {} files, nothing found", files.len());
    Ok(())
}
