//! Everything that touches the world: one task a file.
